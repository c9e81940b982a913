"""Tokens in the lots of 75 that CLIP reads at a time, each between a start and an end. Pure values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from diffusion.handle import FileRef
from diffusion.text.tokenizer import END, START

ROOM = 75
SHORT = 8
"""A piece of fewer tokens is kept together."""


class Vector(NamedTuple):
    """One vector of a textual inversion; it takes a token's place."""

    file: FileRef
    row: int


Token = int | Vector


class Piece(NamedTuple):
    """Tokens that belong together, and their weight."""

    tokens: Sequence[Token]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """What the text encoder reads at a time: start, up to 75 tokens, end, and ends to fill it up."""

    tokens: tuple[Token, ...]  # 77
    weights: tuple[float, ...]  # 77
    end: int
    """Where the text truly ends: the place of the first end token that is not part of it."""


def chunks(pieces: Iterable[Piece]) -> tuple[Chunk, ...]:
    """Lay pieces into chunks, at least one.

    A short piece that does not fit any more begins the next chunk; a longer one is cut where the chunk is full.
    """
    filled: list[Chunk] = []
    slots: list[tuple[Token, float]] = []
    for piece in pieces:
        rest = [(token, piece.weight) for token in piece.tokens]
        while len(slots) + len(rest) > ROOM:
            fitting = 0 if len(piece.tokens) < SHORT else ROOM - len(slots)
            filled.append(chunk([*slots, *rest[:fitting]]))
            slots, rest = [], rest[fitting:]
        slots += rest
    return (*filled, chunk(slots))


def chunk(slots: Sequence[tuple[Token, float]]) -> Chunk:
    """One chunk of at most 75 tokens with their weights."""
    fill = ROOM - len(slots) + 1
    tokens = (START, *(token for token, _ in slots), *(END,) * fill)
    weights = (1.0, *(weight for _, weight in slots), *(1.0,) * fill)
    return Chunk(tokens, weights, end=len(slots) + 1)
