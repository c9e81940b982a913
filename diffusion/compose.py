"""Put one picture or latent onto another."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad

from diffusion.regions import fitted, repeated
from diffusion.resize import resize_pixels


def paste(under: Tensor, over: Tensor, left: int, top: int, mask: Tensor | None = None) -> Tensor:
    """``over`` (B', C, h, w) on a copy of ``under`` (B, C, H, W), its corner at (left, top), cut off at the edges.

    ``mask`` (B', 1, h, w) says how much of it shows. ``over`` and ``mask`` are repeated for the whole batch.
    """
    if over.shape[1] != under.shape[1]:
        raise ValueError(f"What has {over.shape[1]} channels cannot be put on what has {under.shape[1]}.")
    height, width = min(over.shape[-2], under.shape[-2] - top), min(over.shape[-1], under.shape[-1] - left)
    result = under.clone()
    if height <= 0 or width <= 0:
        return result
    part = repeated(over, len(under))[..., :height, :width]
    place = result[..., top : top + height, left : left + width]
    if mask is not None:
        shown = repeated(mask, len(under))[..., :height, :width]
        part = part * shown + place * (1 - shown)
    place.copy_(part)
    return result


def left_out(under: Tensor, over: Tensor) -> list[str]:
    """A sentence where ``over`` has more items than the batch that it is put on, which has room for no more."""
    count, room = len(over), len(under)
    if count <= room:
        return []
    return [
        f"The source has {count} items and the destination {room}, so {count - room} of them are left out. "
        "Repeat the destination as often as the source is long to keep them all."
    ]


def fade(height: int, width: int, *, left: int = 0, top: int = 0, right: int = 0, bottom: int = 0) -> Tensor:
    """Weights (height, width) that rise to 1 from each side over so many rows or columns, the outermost above 0."""
    return _rise(height, top, bottom)[:, None] * _rise(width, left, right)[None, :]


def _rise(length: int, at_start: int, at_end: int) -> Tensor:
    count = torch.arange(1, length + 1, dtype=torch.float32)
    return (count / max(at_start, 1)).clamp(max=1) * (count / max(at_end, 1)).clamp(max=1).flip(0)


def same_channels(pixels: Tensor, count: int) -> Tensor:
    """Pictures (B, H, W, C) with ``count`` channels: what is added is opaque, what is dropped is the last."""
    missing = count - pixels.shape[-1]
    return pad(pixels, (0, missing), value=1.0) if missing > 0 else pixels[..., :count]


def composite(
    under: Tensor, over: Tensor, left: int, top: int, *, stretch: bool = False, mask: Tensor | None = None
) -> Tensor:
    """One batch of pictures (B, H, W, C) on another where a mask (B', h, w) of any size lets it show.

    ``stretch`` first brings it to the size of what is below.
    """
    if stretch:
        height, width = under.shape[1:3]
        over = resize_pixels(over, height, width, "bilinear")
    shown = None if mask is None else fitted(mask.unsqueeze(1), *over.shape[1:3])
    over = same_channels(over, under.shape[-1])
    return paste(under.movedim(-1, 1), over.movedim(-1, 1), left, top, shown).movedim(1, -1).contiguous()


def joined(first: Tensor, second: Tensor) -> Tensor:
    """Two batches of pictures (B, H, W, C) as one. The second is brought to the first's size; alpha is kept."""
    channels = max(first.shape[-1], second.shape[-1])
    height, width = first.shape[1:3]
    second = resize_pixels(second, height, width, "bilinear", crop=True)
    return torch.cat([same_channels(first, channels), same_channels(second, channels)])


def blend(below: Tensor, above: Tensor, share: float, mode: str) -> Tensor:
    """Two batches of pictures by one of `MODES`, of which the result has ``share`` and ``below`` the rest."""
    height, width = below.shape[1:3]
    above = same_channels(resize_pixels(above, height, width, "bicubic", crop=True), below.shape[-1])
    count = max(len(below), len(above))
    below, above = repeated(below, count), repeated(above, count)
    return (below * (1 - share) + MODES[mode](below, above) * share).clamp(0, 1)


def _overlay(below: Tensor, above: Tensor) -> Tensor:
    return torch.where(below <= 0.5, 2 * below * above, 1 - 2 * (1 - below) * (1 - above))


def _soft_light(below: Tensor, above: Tensor) -> Tensor:
    lighter = torch.where(below <= 0.25, ((16 * below - 12) * below + 4) * below, below.clamp(min=0).sqrt())
    darkened = below - (1 - 2 * above) * below * (1 - below)
    return torch.where(above <= 0.5, darkened, below + (2 * above - 1) * (lighter - below))


MODES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "normal": lambda below, above: above,
    "multiply": lambda below, above: below * above,
    "screen": lambda below, above: 1 - (1 - below) * (1 - above),
    "overlay": _overlay,
    "soft_light": _soft_light,
    "difference": lambda below, above: (below - above).abs(),
}
"""W3C, Compositing and Blending Level 1, section 10."""
