"""Filters of pictures (B, H, W, C) in 0…1: blurred, sharpened, with fewer colors."""

from __future__ import annotations

import numpy
import torch
from PIL import Image as Pillow
from torch import Tensor
from torch.nn.functional import conv2d, pad

from diffusion.compose import same_channels
from diffusion.image import Image
from diffusion.pictures import to_pictures


def gaussian(radius: int, sigma: float) -> Tensor:
    """Weights of a bell of standard deviation ``sigma`` at −radius … radius, with a sum of 1."""
    place = torch.arange(-radius, radius + 1, dtype=torch.float32)
    weights = torch.exp(-((place / sigma) ** 2) / 2)
    return weights / weights.sum()


def smooth(x: Tensor, weights: Tensor, border: str = "reflect") -> Tensor:
    """x (B, C, H, W) convolved with the same weights along both axes, each channel alone."""
    radius, (channels, height, width) = len(weights) // 2, x.shape[1:]
    if border == "reflect" and min(height, width) <= radius:
        raise ValueError(f"A picture of {width}×{height} is too small to be filtered with a radius of {radius}.")
    x = pad(x, (radius, radius, radius, radius), mode=border)
    rows = weights.view(1, 1, -1, 1).repeat(channels, 1, 1, 1)
    columns = weights.view(1, 1, 1, -1).repeat(channels, 1, 1, 1)
    return conv2d(conv2d(x, rows, groups=channels), columns, groups=channels)


def blur(pixels: Tensor, radius: int, sigma: float) -> Tensor:
    """Blur by a Gaussian cut off at ``radius`` pixels. ``sigma`` is in radii."""
    return smooth(pixels.movedim(-1, 1), gaussian(radius, sigma * radius)).movedim(1, -1).contiguous()


def sharpen(pixels: Tensor, radius: int, sigma: float, alpha: float) -> Tensor:
    """Unsharp masking: ten times ``alpha`` of what a blur would take away is added."""
    return (pixels + 10 * alpha * (pixels - blur(pixels, radius, sigma))).clamp(0, 1)


def quantize(pixels: Tensor, colors: int, dither: str) -> Tensor:
    """Bring each picture to a palette of its own of so many colors (median cut), without its alpha.

    ``dither``: none, floyd-steinberg, or bayer-N for an ordered pattern of N × N.
    """
    quantized = [_quantized(picture, colors, dither) for picture in to_pictures(Image(same_channels(pixels, 3)))]
    return torch.from_numpy(numpy.stack(quantized)).float() / 255


def _quantized(picture: Pillow.Image, colors: int, dither: str) -> numpy.ndarray:
    palette = picture.quantize(colors)
    if dither.startswith("bayer-"):
        picture = _shifted(picture, int(dither.removeprefix("bayer-")), len(palette.getpalette() or ()) // 3)
    diffuse = dither == "floyd-steinberg"
    method = Pillow.Dither.FLOYDSTEINBERG if diffuse else Pillow.Dither.NONE
    return numpy.asarray(picture.quantize(colors, palette=palette, dither=method).convert("RGB"))


def _shifted(picture: Pillow.Image, order: int, colors: int) -> Pillow.Image:
    """A picture with a pattern added that is as strong as two steps between colors."""
    width, height = picture.size
    pattern = numpy.tile(bayer(order) * (2 * 256 / colors), (-(-height // order), -(-width // order), 1))
    values = numpy.asarray(picture, dtype=numpy.float32) + pattern[:height, :width]
    return Pillow.fromarray(numpy.clip(values + 0.5, 0, 255).astype(numpy.uint8))


def bayer(order: int) -> numpy.ndarray:
    """Bayer's (1973) threshold matrix for a power of 2, about 0, between −½ and ½. Returns: (order, order, 1)."""
    ranks = numpy.zeros((1, 1))
    while len(ranks) < order:
        ranks = numpy.block([[4 * ranks, 4 * ranks + 2], [4 * ranks + 3, 4 * ranks + 1]])
    return ((ranks - (order**2 - 1) / 2) / order**2)[..., None]
