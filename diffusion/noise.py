"""Noise from a seed. It is drawn on the CPU, so that the same seed gives the same picture on every device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import torch
from torch import Tensor

TREE_DIGITS = 6  # to which torchsde rounds the ends of its path; a query beyond them by less would be a warning


def initial_noise(shape: Sequence[int], seed: int, batch_index: Sequence[int] | None = None) -> Tensor:
    """Standard normal noise for a batch from one seed.

    With ``batch_index``, image i gets the noise that image ``batch_index[i]`` of a larger batch has.
    """
    generator = torch.Generator().manual_seed(seed)
    if batch_index is None:
        return torch.randn(tuple(shape), generator=generator)
    drawn = [torch.randn((1, *shape[1:]), generator=generator) for _ in range(max(batch_index) + 1)]
    return torch.cat([drawn[index] for index in batch_index])


class SeededNoise:
    """The noise that samplers put back while they run. Draws the same numbers for the same seed, on every device."""

    def __init__(self, like: Tensor, seed: int, sigmas: Tensor):
        self._like = like  # (B, C, h, w)
        self._seed = seed
        self._sigmas = sigmas
        self._generator = torch.Generator().manual_seed(seed)

    def fresh(self) -> Tensor:
        """Standard normal, independent of all before. Returns: like the latent."""
        return torch.randn(self._like.shape, generator=self._generator).to(self._like)

    def between(self, sigma: Tensor, sigma_next: Tensor) -> Tensor:
        """The increment of one Brownian path from ``sigma`` down to ``sigma_next``, scaled to unit variance."""
        low, high = (round(float(level), TREE_DIGITS) for level in (sigma_next, sigma))
        rise = self._path(low, high)
        return (-rise / (sigma - sigma_next).sqrt()).to(self._like)

    @cached_property
    def _path(self) -> Callable[[float, float], Tensor]:
        """A Brownian path over the run's sigmas that gives the same increments however it is cut (Li et al. 2020)."""
        import torchsde

        start = torch.zeros(self._like.shape)
        path: Callable[[float, float], Tensor] = torchsde.BrownianTree(
            float(self._sigmas[self._sigmas > 0].min()), start, float(self._sigmas.max()), entropy=self._seed
        )
        return path
