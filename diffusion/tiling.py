"""Large pictures worked on in overlapping tiles, whose results are blended where they meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

Span = tuple[int, int]
"""From where to where along an axis."""


def cut(tensor: Tensor, rows: Span, columns: Span, factor: int = 1) -> Tensor:
    """A part of pictures (…, H, W), whose place is given in units of ``factor`` pixels."""
    return tensor[..., rows[0] * factor : rows[1] * factor, columns[0] * factor : columns[1] * factor]


def tiled(
    height: int,
    width: int,
    tiling: tuple[int, int],
    factor: int,
    work: Callable[[Span, Span], Tensor],
) -> Tensor:
    """Run ``work`` on tiles of what is (height, width) large and average its results, a tile's middle counting most.

    ``tiling`` is the size of a tile and how much neighbours overlap; ``factor`` the size of the result over that of
    what is worked on. Raises ValueError where tiles are not larger than their overlap.
    """
    size, overlap = tiling
    if not 0 <= overlap < size:
        raise ValueError("Tiles must be larger than their overlap.")
    total: Tensor | None = None
    weights = torch.zeros(height * factor, width * factor)
    for rows in _spans(height, size, overlap):
        for columns in _spans(width, size, overlap):
            part = work(rows, columns)
            if total is None:
                total = part.new_zeros(*part.shape[:2], height * factor, width * factor)
            ramp = torch.outer(
                _ramp(rows, height, overlap * factor, factor), _ramp(columns, width, overlap * factor, factor)
            )
            cut(total, rows, columns, factor).add_(part * ramp)
            cut(weights, rows, columns, factor).add_(ramp)
    assert total is not None  # a latent has at least one tile
    return total / weights


def _spans(length: int, size: int, overlap: int) -> Iterator[Span]:
    """Cover 0…length by spans of ``size`` that overlap by at least ``overlap``."""
    start = 0
    while start + size < length:
        yield start, start + size
        start += size - overlap
    yield max(0, length - size), length


def _ramp(span: Span, length: int, overlap: int, factor: int) -> Tensor:
    """1 inside a span, falling to just above 0 over the overlap with neighbours."""
    start, end = span
    count = (end - start) * factor
    distance = torch.arange(1, count + 1, dtype=torch.float32)
    ramp = torch.ones(count)
    if overlap and start > 0:
        ramp = ramp.minimum(distance / (overlap + 1))
    if overlap and end < length:
        ramp = ramp.minimum(distance.flip(0) / (overlap + 1))
    return ramp
