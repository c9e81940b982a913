"""Latents turned, cut, joined and chosen: what goes with a latent – its mask, its places in a batch – goes along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from diffusion.compose import fade, paste
from diffusion.latent import Latent
from diffusion.regions import fitted, repeated
from diffusion.resize import resize


def moved(latent: Latent, change: Callable[[Tensor], Tensor]) -> Latent:
    """Turn or flip a latent together with its mask."""
    mask = None if latent.mask is None else change(latent.mask)
    return replace(latent, samples=change(latent.samples), mask=mask)


def upscaled(latent: Latent, width: int, height: int, method: str, *, crop: bool = False) -> Latent:
    """A latent at another size, given in latent pixels. Its mask is kept; a sampler fits it."""
    return replace(latent, samples=resize(latent.samples, height, width, method, crop=crop))


def cropped(latent: Latent, left: int, top: int, width: int, height: int) -> Latent:
    """A rectangle of a latent, in latent pixels. What reaches beyond the edges is left out."""
    factor, mask = latent.space.downscale, latent.mask
    rows, columns = latent.samples.shape[-2:]
    if mask is not None:
        mask = fitted(mask, rows * factor, columns * factor)
        mask = mask[..., top * factor : (top + height) * factor, left * factor : (left + width) * factor]
    return replace(latent, samples=latent.samples[..., top : top + height, left : left + width], mask=mask)


def composite(under: Latent, over: Latent, left: int, top: int, feather: int) -> Latent:
    """One latent on another, in latent pixels, faded in over ``feather`` of them on sides inside the picture."""
    height, width = over.samples.shape[-2:]
    rows, columns = under.samples.shape[-2:]
    weights = fade(
        height,
        width,
        left=feather if left else 0,
        top=feather if top else 0,
        right=feather if left + width < columns else 0,
        bottom=feather if top + height < rows else 0,
    )
    return replace(under, samples=paste(under.samples, over.samples, left, top, weights[None, None]))


def composite_masked(under: Latent, over: Latent, left: int, top: int, *, stretch: bool, mask: Tensor | None) -> Latent:
    """One latent on another, in latent pixels, where a mask (B, H, W) lets it show; ``stretch`` to the same size."""
    samples = over.samples
    if stretch:
        height, width = under.samples.shape[-2:]
        samples = resize(samples, height, width, "bilinear")
    weights = None if mask is None else fitted(mask.unsqueeze(1), *samples.shape[-2:])
    return replace(under, samples=paste(under.samples, samples, left, top, weights))


def blended(first: Latent, second: Latent, share: float) -> Latent:
    """``share`` of the first and the rest of the second, which is brought to the first's size."""
    _same_space(first, second)
    height, width = first.samples.shape[-2:]
    other = resize(second.samples, height, width, "bicubic", crop=True)
    count = max(len(first.samples), len(other))
    return replace(first, samples=repeated(first.samples, count) * share + repeated(other, count) * (1 - share))


def chosen(latent: Latent, first: int, count: int) -> Latent:
    """``count`` items of a batch from ``first`` on, as many as there are. They keep the noise of their places."""
    total = len(latent.samples)
    first = min(first, total - 1)
    part = slice(first, first + count)
    mask = latent.mask
    if mask is not None and len(mask) > 1:
        mask = repeated(mask, total)[part]
    return replace(latent, samples=latent.samples[part], mask=mask, batch_index=places(latent)[part])


def multiplied(latent: Latent, amount: int) -> Latent:
    """A batch several times over. Items that have places in a larger batch get further ones, so that noise differs."""
    samples, mask, index = latent.samples, latent.mask, latent.batch_index
    if mask is not None and len(mask) > 1:
        mask = repeated(repeated(mask, len(samples)), len(samples) * amount)
    if index is not None:
        stride = max(index) - min(index) + 1
        index = tuple(place + stride * turn for turn in range(amount) for place in index)
    return replace(latent, samples=repeated(samples, len(samples) * amount), mask=mask, batch_index=index)


def joined(first: Latent, second: Latent) -> Latent:
    """Two batches as one, the second brought to the first's size. Each keeps its mask and the noise of its places."""
    _same_space(first, second)
    height, width = first.samples.shape[-2:]
    other = resize(second.samples, height, width, "bilinear", crop=True)
    mask = None
    if first.mask is not None or second.mask is not None:
        factor = first.space.downscale
        mask = torch.cat([_whole_mask(latent, height * factor, width * factor) for latent in (first, second)])
    return replace(
        first, samples=torch.cat([first.samples, other]), mask=mask, batch_index=places(first) + places(second)
    )


def places(latent: Latent) -> tuple[int, ...]:
    """The place of each item in the batch that its noise is drawn for."""
    return tuple(range(len(latent.samples))) if latent.batch_index is None else latent.batch_index


def _whole_mask(latent: Latent, height: int, width: int) -> Tensor:
    """A latent's mask for each item (B, 1, height, width); without one, all is redrawn."""
    if latent.mask is None:
        return torch.ones(len(latent.samples), 1, height, width)
    return repeated(fitted(latent.mask, height, width), len(latent.samples))


def _same_space(first: Latent, second: Latent) -> None:
    channels = [latent.samples.shape[1] for latent in (first, second)]
    if channels[0] != channels[1]:
        raise ValueError(f"Latents of {channels[0]} and {channels[1]} channels belong to different families of models.")
