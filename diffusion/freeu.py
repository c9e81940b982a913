"""FreeU (Si et al. 2023, arXiv:2309.11497): on the way up, more of the backbone and less of the skips' coarse parts.

It acts where the backbone is four or two times as wide as the network's first level: in Stable Diffusion 1.x where it
has 1280 or 640 channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from diffusion.families.unet import UnetConfig
from diffusion.files.folders import ModelFolders

COARSE = 1  # frequencies a side of the middle of the spectrum that are scaled


@dataclass(frozen=True, slots=True)
class FreeU:
    """``b1`` and ``s1`` scale backbone and skip where the network is four times as wide, ``b2`` and ``s2`` where twice.

    The first version scales half of the backbone's channels by b; the second by between 1 and b, the more the stronger
    the backbone is at a place.
    """

    b1: float
    b2: float
    s1: float
    s2: float
    by_place: bool = False
    """The second version."""

    @contextmanager
    def attached(self, network: nn.Module, folders: ModelFolders) -> Iterator[None]:
        """Act before every residual block of the way up."""
        hooks = []
        first = network.get_parameter("conv_in.weight").shape[0]
        for block, channels in _way_up(network):
            level = self._level(channels, first)
            if level is not None:
                hooks.append(block.register_forward_pre_hook(self._acting(channels, *level)))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def acts_on(self, config: UnetConfig) -> bool:
        """Whether a network has places where this acts."""
        return any(self._level(width, config.widths[0]) for width in config.widths)

    def _level(self, channels: int, first: int) -> tuple[float, float] | None:
        return {4 * first: (self.b1, self.s1), 2 * first: (self.b2, self.s2)}.get(channels)

    def _acting(self, channels: int, b: float, s: float) -> Callable[[nn.Module, tuple[Any, ...]], tuple[Any, ...]]:
        def act(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
            joined, *rest = inputs
            backbone, skip = joined[:, :channels], joined[:, channels:]
            amplified = amplify(backbone, b, by_place=self.by_place)
            return (torch.cat([amplified, scale_coarse(skip, s)], dim=1), *rest)

        return act


def _way_up(network: nn.Module) -> Iterator[tuple[nn.Module, int]]:
    """The residual blocks of the way up, and how many channels of each one's input are the backbone's."""
    channels = network.mid_block.resnets[-1].out_channels  # type: ignore[union-attr, index]
    for level in network.up_blocks:  # type: ignore[union-attr]
        for block in level.resnets:  # type: ignore[union-attr]
            yield block, channels  # type: ignore[misc]
            channels = block.out_channels


def amplify(backbone: Tensor, by: float, *, by_place: bool) -> Tensor:
    """Scale the first half of the channels; ``by_place`` by how the mean over channels lies between its extremes.

    backbone: (B, C, h, w). Returns: like it.
    """
    factor: float | Tensor = by
    if by_place:
        mean = backbone.mean(1, keepdim=True)  # (B, 1, h, w)
        low, high = mean.amin((1, 2, 3), keepdim=True), mean.amax((1, 2, 3), keepdim=True)
        spread = (high - low).clamp_min(torch.finfo(mean.dtype).tiny)
        factor = 1 + (by - 1) * (mean - low) / spread
    half = backbone.shape[1] // 2
    return torch.cat([backbone[:, :half] * factor, backbone[:, half:]], dim=1)


def scale_coarse(skip: Tensor, by: float) -> Tensor:
    """Scale the lowest frequencies of each channel. skip: (B, C, h, w). Returns: like it."""
    spectrum = torch.fft.fftshift(torch.fft.fftn(skip.float(), dim=(-2, -1)), dim=(-2, -1))
    row, column = (size // 2 for size in skip.shape[-2:])
    rows, columns = (slice(max(0, middle - COARSE), middle + COARSE) for middle in (row, column))
    spectrum[..., rows, columns] *= by
    return torch.fft.ifftn(torch.fft.ifftshift(spectrum, dim=(-2, -1)), dim=(-2, -1)).real.to(skip.dtype)
