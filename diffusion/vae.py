"""Pictures to latents and back, whole or in overlapping tiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from diffusion.damage import cause_of_not_finite
from diffusion.errors import DiffusionError, NotFinite
from diffusion.handle import VaeHandle
from diffusion.latent import SD15_SPACE
from diffusion.residency import Residency, Stop
from diffusion.tiling import averaged, cut

FACTOR = SD15_SPACE.downscale
"""Pixels per latent, along each side."""


def encode(residency: Residency, handle: VaeHandle, pixels: Tensor, *, stop: Stop | None = None) -> Tensor:
    """Pixels (B, H, W, C) in 0…1 → latents (B, 4, H / 8, W / 8) in the VAE's units, on the CPU.

    The mean of the posterior, so that encoding draws no random numbers. Sides are cropped about the center to
    multiples of 8; of four channels the first three count.
    """
    picture = _picture(pixels)
    return _run(residency, handle, lambda vae: _encode(vae, picture), stop)


def decode(residency: Residency, handle: VaeHandle, samples: Tensor, *, stop: Stop | None = None) -> Tensor:
    """Latents (B, 4, H, W) in the VAE's units → pixels (B, 8 H, 8 W, 3) in 0…1, on the CPU. Raises NotFinite."""
    _refuse_channels(residency, handle, samples)
    return _pixels(_run(residency, handle, lambda vae: _decode(vae, samples), stop))


def encode_tiled(
    residency: Residency,
    handle: VaeHandle,
    pixels: Tensor,
    *,
    tile: int = 512,
    overlap: int = 64,
    stop: Stop | None = None,
) -> Tensor:
    """As `encode`, in tiles of ``tile`` pixels a side that overlap by ``overlap``: see `diffusion.tiling.averaged`."""
    picture, tiling = _picture(pixels), (tile // FACTOR, overlap // FACTOR)

    def work(vae: nn.Module) -> Tensor:
        height, width = picture.shape[-2] // FACTOR, picture.shape[-1] // FACTOR
        part = lambda rows, columns: _encode(vae, cut(picture, rows, columns, FACTOR))
        return averaged(height, width, tiling, 1, part)

    return _run(residency, handle, work, stop)


def decode_tiled(
    residency: Residency,
    handle: VaeHandle,
    samples: Tensor,
    *,
    tile: int = 512,
    overlap: int = 64,
    stop: Stop | None = None,
) -> Tensor:
    """As `decode`, in tiles of ``tile`` pixels a side that overlap by ``overlap``: see `diffusion.tiling.averaged`."""
    _refuse_channels(residency, handle, samples)
    tiling = (tile // FACTOR, overlap // FACTOR)

    def work(vae: nn.Module) -> Tensor:
        height, width = samples.shape[-2:]
        part = lambda rows, columns: _decode(vae, cut(samples, rows, columns, 1))
        return averaged(height, width, tiling, FACTOR, part)

    return _pixels(_run(residency, handle, work, stop))


def _run(residency: Residency, handle: VaeHandle, work: Callable[[nn.Module], Tensor], stop: Stop | None) -> Tensor:
    with torch.no_grad():
        result = residency.run(handle, work, stop)
    if not torch.isfinite(result).all():
        raise NotFinite(
            cause_of_not_finite(residency, handle)
            or "The VAE gave numbers that are not finite. If it runs in half precision, run it in fp32; otherwise its "
            "file or the latents are damaged."
        )
    return result


def _refuse_channels(residency: Residency, handle: VaeHandle, samples: Tensor) -> None:
    ours, theirs = residency.config(handle).latent_channels, samples.shape[1]
    if ours != theirs:
        raise DiffusionError(
            f"The latent has {theirs} channels and the VAE decodes {ours}: they belong to different families of models."
        )


def _encode(vae: Any, picture: Tensor) -> Tensor:
    return _alone(picture, lambda one: vae.encode(_like(one, vae)).latent_dist.mean)


def _decode(vae: Any, samples: Tensor) -> Tensor:
    return _alone(samples, lambda one: vae.decode(_like(one, vae)).sample)


def _alone(batch: Tensor, work: Callable[[Tensor], Tensor]) -> Tensor:
    """One picture at a time: memory does not grow with the batch, and a picture does not depend on its neighbours."""
    return torch.cat([work(one).float().cpu() for one in batch.split(1)])


def _like(tensor: Tensor, vae: nn.Module) -> Tensor:
    """As the VAE takes it; with channels last, its convolutions need a third less memory on a CPU, and less time."""
    return tensor.to(next(vae.parameters())).contiguous(memory_format=torch.channels_last)


def _picture(pixels: Tensor) -> Tensor:
    """Pixels (B, H, W, C) in 0…1 → (B, 3, H', W') in −1…1, cropped."""
    _, height, width, _ = pixels.shape
    rows, columns = height // FACTOR * FACTOR, width // FACTOR * FACTOR
    if not rows or not columns:
        raise ValueError(f"A picture of {width}×{height} is too small to encode: it needs {FACTOR} pixels a side.")
    top, left = (height - rows) // 2, (width - columns) // 2
    return pixels[:, top : top + rows, left : left + columns, :3].movedim(-1, 1) * 2 - 1


def _pixels(picture: Tensor) -> Tensor:
    """(B, 3, H, W) in about −1…1 → (B, H, W, 3) in 0…1."""
    return picture.add(1).div(2).clamp(0, 1).movedim(1, -1).contiguous()
