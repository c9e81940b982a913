"""Noise from a seed. It is drawn on the CPU, so that the same seed gives the same picture on every device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import torch
from torch import Tensor


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
        increment = self._path(sigma_next, sigma) / -(sigma - sigma_next).abs().sqrt()
        return increment.to(self._like)

    @cached_property
    def _path(self) -> Callable[[Tensor, Tensor], Tensor]:
        """A Brownian path over the run's sigmas that gives the same increments however it is cut (Li et al. 2020)."""
        import torchsde

        start = torch.zeros(self._like.shape)
        path: Callable[[Tensor, Tensor], Tensor] = torchsde.BrownianTree(
            self._sigmas[self._sigmas > 0].min(), start, self._sigmas.max(), entropy=self._seed
        )
        return path
