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


def averaged(
    height: int,
    width: int,
    tiling: tuple[int, int],
    factor: int,
    work: Callable[[Span, Span], Tensor],
) -> Tensor:
    """As `tiled`, three times with tiles of another shape each – square, twice as wide, twice as high – and their mean.

    Every tile fades out toward all its sides. What is no larger than a tile is worked on as a whole. This is how
    pictures that people know went through the autoencoder in tiles.
    """
    size, overlap = tiling
    if not 0 <= overlap < size // 2:
        raise ValueError("Tiles must be more than twice as large as their overlap.")
    shapes = ((size * 2, size // 2), (size // 2, size * 2), (size, size))
    return torch.stack([_pass(height, width, shape, overlap, factor, work) for shape in shapes]).mean(0)


def _pass(
    height: int, width: int, shape: tuple[int, int], overlap: int, factor: int, work: Callable[[Span, Span], Tensor]
) -> Tensor:
    """One pass of tiles of ``shape``, (rows, columns)."""
    if height <= shape[0] and width <= shape[1]:
        return work((0, height), (0, width))
    total: Tensor | None = None
    weights = torch.zeros(height * factor, width * factor)
    for rows in _steps(height, shape[0], overlap):
        for columns in _steps(width, shape[1], overlap):
            part = work(rows, columns)
            if total is None:
                total = part.new_zeros(*part.shape[:2], height * factor, width * factor)
            fade = torch.outer(*(_fade(side, overlap * factor) for side in part.shape[-2:]))
            cut(total, rows, columns, factor).add_(part * fade)
            cut(weights, rows, columns, factor).add_(fade)
    assert total is not None  # a latent has at least one tile
    return total / weights


def _steps(length: int, size: int, overlap: int) -> Iterator[Span]:
    """Cover 0…length by spans of ``size`` that overlap by ``overlap``; the last is as long as what is left."""
    if length <= size:
        yield 0, length
        return
    for start in range(0, length - overlap, size - overlap):
        yield start, min(start + size, length)


def _fade(count: int, overlap: int) -> Tensor:
    """Ones that fall to just above 0 toward both ends, where there is room for that."""
    ramp = torch.ones(count)
    if overlap < count:
        rising = torch.arange(1, overlap + 1) / max(overlap, 1)
        ramp[:overlap] *= rising
        ramp[count - overlap :] *= rising.flip(0)
    return ramp


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
