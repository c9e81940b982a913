"""Textual inversions by A1111's rules: wherever a prompt says the name of a file. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from diffusion.files.folders import ModelFolders
from diffusion.text.bundles import NONE, Bundles
from diffusion.text.references import KIND, Reference
from diffusion.text.tokenizer import tokenize

Names = Mapping[tuple[int, ...], Sequence[str] | Reference]
"""The files that a row of tokens names, or what of an adapter's own it does."""


def bare_names(folders: ModelFolders, bundles: Bundles = NONE) -> Names:
    """What every textual inversion is called: its file's name without folder and ending, in any case."""
    names: dict[tuple[int, ...], list[str]] = {}
    for file in folders.names(KIND):
        names.setdefault(tokenize(PurePosixPath(file).stem), []).append(file)
    names.pop((), None)
    brought = {tokenize(name): Reference(name, file, bundled=True) for name, file in bundles.items()}
    return {**brought, **names}


def named_in(tokens: tuple[int, ...], names: Names, folders: ModelFolders) -> list[tuple[int, ...] | Reference]:
    """Cut tokens into those that name files, the longest name first, and those between them."""
    lengths = sorted({len(name) for name in names}, reverse=True)
    parts: list[tuple[int, ...] | Reference] = []
    start = at = 0
    while at < len(tokens):
        name = next((tokens[at : at + length] for length in lengths if tokens[at : at + length] in names), None)
        if name is None:
            at += 1
            continue
        parts += [tokens[start:at], refer(names[name], name, folders)]
        start = at = at + len(name)
    return [part for part in (*parts, tokens[start:]) if part]


def refer(files: Sequence[str] | Reference, words: tuple[int, ...], folders: ModelFolders) -> Reference:
    """The first of the files of one name; or words, should it be made for another encoder."""
    if isinstance(files, Reference):
        return files._replace(words=words)
    name = PurePosixPath(files[0]).stem
    note = f"'{name}' is in {KIND} as {' and '.join(files)}; the first was taken." if len(files) > 1 else ""
    return Reference(name, folders.ref(KIND, files[0]), note, words)
