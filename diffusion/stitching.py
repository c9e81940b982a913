"""Work on a part of a picture at a size of its own, and put it back."""

from __future__ import annotations

from torch import Tensor

from diffusion.compose import paste, same_channels
from diffusion.cutout import Cutout
from diffusion.filters import gaussian, smooth
from diffusion.regions import fitted, repeated
from diffusion.resize import resize, resize_pixels

VISIBLE = 0.5 / 255  # less than this of a mask leaves no trace in a picture of 8 bits


def cut_out(pixels: Tensor, mask: Tensor, *, padding: int, blur: int, ratio: float | None) -> Cutout:
    """The part of pictures (B, H, W, C) that a mask (B', h, w) covers, the same for the whole batch.

    The mask is softened over ``blur`` pixels, its bounds are widened by ``padding`` and then, as far as the picture
    goes, to the ``ratio`` of width to height.
    """
    batch, height, width, _ = pixels.shape
    soft = fitted(mask.unsqueeze(1), height, width)
    if blur:
        soft = smooth(soft, gaussian(round(2.5 * blur), float(blur)), "replicate")
    covered = (soft > VISIBLE).flatten(0, 1).any(0)  # (H, W)
    if not covered.any():
        raise ValueError("The mask is empty: there is nothing to cut out. Paint what is to be redrawn.")
    top, bottom = _bounds(covered.any(1), padding)
    left, right = _bounds(covered.any(0), padding)
    if ratio is not None:
        if (right - left) < (bottom - top) * ratio:
            left, right = _stretched(left, right, round((bottom - top) * ratio), width)
        else:
            top, bottom = _stretched(top, bottom, round((right - left) / ratio), height)
    return Cutout(pixels, repeated(soft, batch).squeeze(1), left, top, right - left, bottom - top)


def part_of(cutout: Cutout, width: int, height: int) -> tuple[Tensor, Tensor]:
    """The cut-out pictures (B, height, width, C) and their mask (B, height, width)."""
    rows, columns = slice(cutout.top, cutout.top + cutout.height), slice(cutout.left, cutout.left + cutout.width)
    mask = cutout.mask[:, None, rows, columns]
    return (
        resize_pixels(cutout.pixels[:, rows, columns], height, width, "lanczos"),
        resize(mask, height, width, "bilinear").squeeze(1),
    )


def put_back(cutout: Cutout, part: Tensor) -> Tensor:
    """The whole pictures (B', H, W, C) with ``part`` (B', h, w, C) in its place, where the mask is."""
    whole, mask = repeated(cutout.pixels, len(part)), repeated(cutout.mask, len(part))
    fitting = same_channels(resize_pixels(part, cutout.height, cutout.width, "lanczos"), whole.shape[-1])
    rows, columns = slice(cutout.top, cutout.top + cutout.height), slice(cutout.left, cutout.left + cutout.width)
    shown = mask[:, None, rows, columns]
    return paste(whole.movedim(-1, 1), fitting.movedim(-1, 1), cutout.left, cutout.top, shown).movedim(1, -1)


def _bounds(covered: Tensor, padding: int) -> tuple[int, int]:
    """From the first to behind the last of the true ones, widened."""
    places = covered.nonzero()
    return max(0, int(places[0]) - padding), min(len(covered), int(places[-1]) + 1 + padding)


def _stretched(start: int, end: int, length: int, limit: int) -> tuple[int, int]:
    """A span widened about its middle to ``length``, moved or shortened to stay inside 0…limit."""
    length = min(length, limit)
    start = max(0, min(start - (length - (end - start)) // 2, limit - length))
    return start, start + length
