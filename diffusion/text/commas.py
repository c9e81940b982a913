"""Chunks by A1111's rules: a full chunk is cut after a comma near its end, and every section begins a new one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diffusion.text.chunks import ROOM, Chunk, Piece, Token, Vector, chunk
from diffusion.text.tokenizer import tokenize

BACKTRACK = 20
"""A comma among so many last tokens of a full chunk is where it is cut."""


def chunks_at_commas(sections: Sequence[Sequence[Piece]]) -> tuple[Chunk, ...]:
    """Lay sections into chunks, at least one each; but an empty last one, after a break, makes none."""
    laid = [slots for section in sections for slots in lay(section)]
    if len(laid) > 1 and not laid[-1]:
        laid.pop()
    return tuple(chunk(slots) for slots in laid)


def lay(section: Sequence[Piece]) -> list[list[tuple[Token, float]]]:
    """One section's tokens and their weights, chunk by chunk."""
    (comma,) = tokenize(",")
    filled: list[list[tuple[Token, float]]] = []
    slots: list[tuple[Token, float]] = []
    cut = 0  # after the last comma, if this chunk has one
    for tokens, weight in units(section):
        if tokens[0] == comma:
            cut = len(slots) + 1
        elif len(slots) == ROOM and cut and ROOM - cut < BACKTRACK:
            filled.append(slots[:cut])
            slots, cut = slots[cut:], 0
        if len(slots) + len(tokens) > ROOM:
            filled.append(slots)
            slots, cut = [], 0
        slots = [*slots, *((token, weight) for token in tokens)]
    return [*filled, slots]


def units(section: Sequence[Piece]) -> Iterator[tuple[Sequence[Token], float]]:
    """What is not cut: one token of a text, or a textual inversion as far as it fits into a chunk at all."""
    for tokens, weight in section:
        together = ROOM if tokens and isinstance(tokens[0], Vector) else 1
        for at in range(0, len(tokens), together):
            yield tokens[at : at + together], weight
