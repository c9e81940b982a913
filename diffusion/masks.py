"""Arithmetic of masks (B, H, W) in 0…1."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from diffusion.compose import fade
from diffusion.regions import repeated


def grow(mask: Tensor, by: int, *, tapered: bool) -> Tensor:
    """Grow the bright parts by so many pixels, or shrink them where ``by`` is less than 0.

    Growing is toward eight sides, or ``tapered``, toward four, which cuts off the corners.
    """
    signed = mask if by > 0 else -mask  # to shrink is to let the dark grow
    if tapered:
        for _ in range(abs(by)):
            grown = torch.maximum(_widest(signed, 1, 0), _widest(signed, 0, 1))
            if torch.equal(grown, signed):
                break
            signed = grown
    else:
        signed = _widest(_widest(signed, min(abs(by), mask.shape[-2]), 0), 0, min(abs(by), mask.shape[-1]))
    return signed if by > 0 else -signed


def _widest(mask: Tensor, rows: int, columns: int) -> Tensor:
    """The greatest value within so many rows and columns."""
    window = (2 * rows + 1, 2 * columns + 1)
    return max_pool2d(mask.unsqueeze(1), window, stride=1, padding=(rows, columns)).squeeze(1)


def feather(mask: Tensor, *, left: int, top: int, right: int, bottom: int) -> Tensor:
    """Let a mask fade out toward its sides, over so many pixels."""
    height, width = mask.shape[-2:]
    return mask * fade(
        height,
        width,
        left=min(left, width),
        top=min(top, height),
        right=min(right, width),
        bottom=min(bottom, height),
    )


def combine(under: Tensor, over: Tensor, left: int, top: int, operation: str) -> Tensor:
    """``over`` combined into a copy of ``under`` by one of `OPERATIONS`, its corner at (left, top)."""
    result = under.clone()
    place = result[:, top : top + over.shape[1], left : left + over.shape[2]]
    part = repeated(over, len(under))[:, : place.shape[1], : place.shape[2]]
    place.copy_(OPERATIONS[operation](place, part))
    return result.clamp(0, 1)


OPERATIONS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "multiply": lambda a, b: a * b,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "and": lambda a, b: (a.round().bool() & b.round().bool()).float(),
    "or": lambda a, b: (a.round().bool() | b.round().bool()).float(),
    "xor": lambda a, b: (a.round().bool() ^ b.round().bool()).float(),
}


def of_color(pixels: Tensor, color: int) -> Tensor:
    """1 where pictures (B, H, W, C) have exactly the color 0xRRGGBB in 8 bits, else 0."""
    eight_bits = pixels[..., :3].clamp(0, 1).mul(255).round()
    return (eight_bits == eight_bits.new_tensor(channels_of(color))).all(-1).float()


def channels_of(color: int) -> tuple[int, int, int]:
    """0xRRGGBB as (red, green, blue), 0…255."""
    return color >> 16 & 255, color >> 8 & 255, color & 255


def outpainting(pixels: Tensor, left: int, top: int, right: int, bottom: int, feathering: int) -> tuple[Tensor, Tensor]:
    """Pictures (B, H, W, C) with grey around them, and the mask (1, H', W') of what is to be drawn there.

    The mask reaches into the picture by ``feathering`` pixels on the sides that grow, falling with the square of the
    distance, unless the picture is too small for that.
    """
    batch, height, width, channels = pixels.shape
    padded = torch.full((batch, height + top + bottom, width + left + right, channels), 0.5)
    mask = torch.ones(1, *padded.shape[1:3])
    inside = (slice(None), slice(top, top + height), slice(left, left + width))
    padded[inside] = pixels
    mask[inside] = 0
    if 0 < 2 * feathering < min(height, width):
        rows = _distance(height, bool(top), bool(bottom), feathering)
        columns = _distance(width, bool(left), bool(right), feathering)
        nearest = torch.minimum(rows[:, None], columns[None, :])  # (H, W)
        mask[inside] = ((feathering - nearest) / feathering) ** 2
    return padded, mask


def _distance(length: int, from_start: bool, from_end: bool, farthest: int) -> Tensor:
    """How far each place is from the sides that count, at most ``farthest``."""
    place = torch.arange(length, dtype=torch.float32)
    distance = torch.full((length,), float(farthest))
    if from_start:
        distance = distance.minimum(place)
    if from_end:
        distance = distance.minimum(length - place)
    return distance
