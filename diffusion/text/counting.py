"""How many tokens a prompt has, and how much of the text encoder's chunks it fills. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diffusion.errors import DiffusionError
from diffusion.files.folders import ModelFolders
from diffusion.files.header import read_header
from diffusion.handle import FileRef
from diffusion.text.chunks import ROOM
from diffusion.text.encode import named, pieces
from diffusion.text.references import Reference
from diffusion.text.rules import RULES

STEPS = 20  # of a sampler, for prompts that change while it runs


@dataclass(frozen=True, slots=True)
class Count:
    """Of the longest text that a prompt stands for."""

    count: int
    chunks: int
    limit: int
    """How many tokens fit into that many chunks."""
    unknown: tuple[str, ...]
    """Textual inversions that are named and cannot be found."""


def count_tokens(prompt: str, folders: ModelFolders, rules: str = "default") -> Count:
    """Count as `encode` would lay the prompt out. Raises KeyError for rules that are not in `RULES`."""
    kind = RULES[rules]
    readings = kind.read(prompt, folders, STEPS, {})
    references = named(readings)
    lengths = _lengths(references, folders)
    laid = [[pieces(section, lengths) for section in reading.sections] for reading in readings]
    longest = max(laid, key=lambda sections: sum(len(piece.tokens) for section in sections for piece in section))
    count = sum(len(piece.tokens) for section in longest for piece in section)
    chunks = len(kind.fill(longest))
    unknown = tuple(dict.fromkeys(reference.name for reference in references if reference.file is None))
    return Count(count, chunks, ROOM * chunks, unknown)


def _lengths(references: list[Reference], folders: ModelFolders) -> Mapping[FileRef, int]:
    """Vectors by file, from headers; a file without a header counts as one, which most such files hold."""
    lengths: dict[FileRef, int] = {}
    for reference in references:
        if reference.key is None or reference.file is None:
            continue
        try:
            tensors = read_header(folders.path(reference.file), reference.name).tensors.values()
        except DiffusionError:
            lengths[reference.key] = 1
            continue
        rows = [entry.shape[0] if len(entry.shape) == 2 else 1 for entry in tensors if len(entry.shape) in (1, 2)]
        lengths[reference.key] = max(rows, default=1)
    return lengths
