"""Textual inversion files (Gal et al. 2022), in the spellings their trainers use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from diffusion.errors import UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.handle import FileRef
from diffusion.text.bundles import PREFIX
from diffusion.text.references import Reference
from diffusion.weights import open_weights

JOINED = re.compile(r"(?:^|\.)(?:emb_params|clip_l|clip_g|string_to_param\.[^.]*)$|^\d+\.")
"""Names that trainers give to vectors which belong together: their own words, or places in a list."""


class WrongWidth(UnreadableFile):
    """A textual inversion that was made for another text encoder. The text says how wide each is."""


def read_embeddings(
    named: Iterable[Reference], folders: ModelFolders, width: int, warn: Callable[[str], None]
) -> dict[FileRef, Tensor]:
    """The vectors of all textual inversions that can be used, by file. Says of each other one why it was left out."""
    vectors: dict[FileRef, Tensor] = {}
    for reference in dict.fromkeys(named):
        if reference.note:
            warn(reference.note)
        if reference.file is None or reference.key is None or reference.key in vectors:
            continue
        prefix = f"{PREFIX}{reference.name}." if reference.bundled else ""
        try:
            vectors[reference.key] = read_embedding(folders, reference.file, width, prefix)
        except WrongWidth as error:
            what = (
                f"'{reference.name}' was read as words"
                if reference.words
                else f"'embedding:{reference.name}' was left out"
            )
            warn(f"{what}: {error}")
    return vectors


def read_embedding(folders: ModelFolders, file: FileRef, width: int, prefix: str = "") -> Tensor:
    """The vectors of a textual inversion for a text encoder of that width: (n, width), float32, on the CPU.

    ``prefix`` is what the names of its tensors begin with where the file holds more.

    Raises WrongWidth where no vectors are so wide, and UnreadableFile for any other file that is of no use.
    """
    source = open_weights(folders.path(file), file.path)
    try:
        shapes = {
            name: entry.shape
            for name, entry in source.header.tensors.items()
            if len(entry.shape) in (1, 2) and name.startswith(prefix)
        }
        if not shapes:
            raise UnreadableFile(f"{file.path} is no textual inversion: it holds no vectors.")
        fitting = [name for name, shape in shapes.items() if shape[-1] == width]
        if not fitting:
            widths = " or ".join(str(size) for size in sorted({shape[-1] for shape in shapes.values()}))
            raise WrongWidth(
                f"{file.path} was made for a text encoder {widths} numbers wide, and this one is {width} wide."
            )
        names = choose(fitting, file.path)
        vectors = torch.cat([source.read(name).reshape(-1, width).float() for name in names])
    finally:
        source.close()
    if not vectors.isfinite().all():
        raise UnreadableFile(f"{file.path} is damaged: it contains NaN or infinity.")
    return vectors


def choose(names: Sequence[str], path: str) -> list[str]:
    """Which of the tensors that would fit are the inversion's, in order. Raises UnreadableFile where nothing tells."""
    joined = sorted((name for name in names if JOINED.search(name)), key=place)
    if not joined and len(names) > 1:
        raise UnreadableFile(f"{path} holds several textual inversions: {', '.join(names)}. Keep each in its own file.")
    return joined or list(names)


def place(name: str) -> tuple[int, str]:
    """Where in a list a tensor stood; those that stood in none are in alphabetical order."""
    number = name.partition(".")[0]
    return (int(number) if number.isdecimal() else 0, name)
