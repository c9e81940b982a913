"""What is redrawn inside a picture: hidden from the network, and shown to networks trained to fill it in."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from diffusion.conditioning import Conditioning
from diffusion.latent import LatentSpace
from diffusion.regions import fitted, repeated

GREY = 0.5


def aligned(pixels: Tensor, mask: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Pictures (B, H, W, C) and a mask (B', h, w) of any size, cut about the center to multiples of ``factor``.

    Returns: (B, H', W', C) and (B', 1, H', W'), the mask stretched over the picture.
    """
    height, width = pixels.shape[1:3]
    stretched = fitted(mask.unsqueeze(1), height, width)
    rows, columns = height // factor * factor, width // factor * factor
    top, left = (height - rows) // 2, (width - columns) // 2
    return (
        pixels[:, top : top + rows, left : left + columns],
        stretched[..., top : top + rows, left : left + columns],
    )


def hidden(pixels: Tensor, mask: Tensor) -> Tensor:
    """Pictures (B, H, W, C) with grey where the mask (B', 1, H, W) is more than a half."""
    covered = repeated(mask, len(pixels)).round().bool().movedim(1, -1)  # (B, H, W, 1)
    return torch.where(covered, GREY, pixels)


def widened(mask: Tensor, by: int) -> Tensor:
    """A mask (B, 1, H, W) as 0 and 1, its ones ``by`` pixels wider than they were: half to each side."""
    whole = mask.round()
    if by < 2:
        return whole
    before = by // 2  # an even number has no middle: the longer side is to the right and below
    after = by - 1 - before
    return max_pool2d(pad(whole, (before, after, before, after)), by, stride=1)


def filled_in(conditioning: Conditioning, seen: Tensor, mask: Tensor, space: LatentSpace) -> Conditioning:
    """Prompts for an inpainting network: they carry what it sees beside the noise.

    ``seen`` (B, C, h, w) is the latent of the picture with its hole, in the VAE's units, ``mask`` (B', 1, H, W) the
    hole. ``concat`` becomes (B, 1 + C, h, w), in the network's units: the mask first (Rombach et al. 2022, the
    published inpainting checkpoint).
    """
    hole = repeated(fitted(mask, *seen.shape[-2:]).round(), len(seen))
    concat = torch.cat([hole, (seen - space.shift) * space.scale], dim=1)
    return conditioning.map(lambda entry: replace(entry, concat=concat))
