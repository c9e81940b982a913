"""Bring batches to another size, by the methods that workflows name."""

from __future__ import annotations

import numpy
import torch
from PIL import Image as Pillow
from torch import Tensor
from torch.nn.functional import interpolate


def resize(x: Tensor, height: int, width: int, method: str, *, crop: bool = False) -> Tensor:
    """Resize x (B, C, H, W) to (B, C, height, width) by a torch mode, by ``bislerp`` or by ``lanczos``.

    ``crop`` first cuts away, about the center, what would change the ratio of the sides.
    """
    if crop:
        x = _cropped(x, height, width)
    if x.shape[-2:] == (height, width):
        return x
    if method == "bislerp":
        return _slerp_along(_slerp_along(x, width, -1), height, -2)
    if method == "lanczos":
        return _lanczos(x, height, width)
    return interpolate(x, (height, width), mode=method)


def resize_pixels(pixels: Tensor, height: int, width: int, method: str, *, crop: bool = False) -> Tensor:
    """The same for pictures (B, H, W, C)."""
    return resize(pixels.movedim(-1, 1), height, width, method, crop=crop).movedim(1, -1).contiguous()


def both_sides(width: int, height: int, old_width: int, old_height: int) -> tuple[int, int]:
    """The wanted (width, height), where 0 is the side that keeps the old ratio, and two zeros the old size."""
    if not width and not height:
        return old_width, old_height
    return width or round(old_width * height / old_height), height or round(old_height * width / old_width)


def _cropped(x: Tensor, height: int, width: int) -> Tensor:
    old_height, old_width = x.shape[-2:]
    old, wanted = old_width / old_height, width / height
    top = round((old_height - old_height * old / wanted) / 2) if old < wanted else 0
    left = round((old_width - old_width * wanted / old) / 2) if old > wanted else 0
    top, left = min(top, (old_height - 1) // 2), min(left, (old_width - 1) // 2)  # something is always left
    return x[..., top : old_height - top, left : old_width - left]


def _slerp_along(x: Tensor, length: int, axis: int) -> Tensor:
    """Resize one axis, turning from each vector of channels to the next rather than mixing them (Shoemake 1985)."""
    old = x.shape[axis]
    place = ((torch.arange(length, dtype=torch.float64) + 0.5) * old / length - 0.5).clamp(0, old - 1)
    before = place.floor().long()
    after = (before + 1).clamp(max=old - 1)
    ratio = (place - before).to(x.dtype)
    ratio = ratio if axis == -1 else ratio[:, None]
    return _slerp(x.index_select(axis, before), x.index_select(axis, after), ratio)


def _slerp(a: Tensor, b: Tensor, ratio: Tensor) -> Tensor:
    """Between a and b (B, C, H, W): the direction along the arc, the length along the line."""
    length_a, length_b = (side.norm(dim=1, keepdim=True) for side in (a, b))
    smallest = torch.finfo(a.dtype).tiny  # a vector of no length has no direction, and none is added
    unit_a, unit_b = a / length_a.clamp(min=smallest), b / length_b.clamp(min=smallest)
    cosine = (unit_a * unit_b).sum(1, keepdim=True).clamp(-1, 1)
    angle = cosine.acos()
    turned = (((1 - ratio) * angle).sin() * unit_a + (ratio * angle).sin() * unit_b) / angle.sin()
    straight = a * (1 - ratio) + b * ratio  # where there is no arc, or no single one
    return torch.where(cosine.abs() > 1 - 1e-5, straight, turned * (length_a * (1 - ratio) + length_b * ratio))


def _lanczos(x: Tensor, height: int, width: int) -> Tensor:
    """Pillow's Lanczos on 8 bits, which are cut off, not rounded: that is what known pictures were made with."""
    eight_bits = x.movedim(1, -1).mul(255).clamp(0, 255).to(torch.uint8)  # (B, H, W, C)
    pictures = [Pillow.fromarray(one.numpy()).resize((width, height), Pillow.Resampling.LANCZOS) for one in eight_bits]
    return torch.from_numpy(numpy.stack([numpy.asarray(picture) for picture in pictures])).movedim(-1, 1).float() / 255
