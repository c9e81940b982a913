"""Noise from a seed. It is drawn on the CPU, so that the same seed gives the same picture on every device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import torch
from torch import Tensor

from diffusion.custom_sampling import NoiseSource
from diffusion.philox import Philox

Draw = Callable[[Sequence[int]], Tensor]
"""A shape → the next standard normal numbers of one stream, float32, on the CPU."""
SEEDS = 2**64
TREE_DIGITS = 6  # to which torchsde rounds the ends of its path; a query beyond them by less would be a warning
PARALLEL = 0.9995  # the cosine from which on two noises are too alike to turn one into the other


def stream(source: NoiseSource, seed: int) -> Draw:
    """The numbers of a seed, from the first on."""
    if source.philox:
        return Philox(seed % SEEDS).randn
    generator = torch.Generator().manual_seed(seed % SEEDS)
    return lambda shape: torch.randn(tuple(shape), generator=generator)


def start_noise(
    source: NoiseSource, x: Tensor, seed: int, sigmas: Tensor, batch_index: Sequence[int] | None = None
) -> RunNoise:
    """All noise of one run over latents like ``x`` (B, C, h, w).

    With ``batch_index``, image i gets the noise that image ``batch_index[i]`` of a larger batch has.
    """
    variation = source.variation
    if not source.per_image:
        initial = _batch(source, x.shape, seed, batch_index)
        if variation is not None:
            initial = turned(initial, _batch(source, x.shape, variation.seed, batch_index), variation.strength)
        # The samplers' noise starts the stream over: that is how the pictures people know were made.
        return RunNoise(initial.to(x.device), [stream(source, seed)], [seed], sigmas)
    image = (1, *x.shape[1:])
    indices = range(len(x)) if batch_index is None else batch_index
    seeds = [seed + (index if variation is None else 0) for index in indices]
    streams = [stream(source, each) for each in seeds]
    drawn = [draw(image) for draw in streams]
    if variation is not None:
        others = [stream(source, variation.seed + index)(image) for index in indices]
        drawn = [turned(one, other, variation.strength) for one, other in zip(drawn, others, strict=True)]
    return RunNoise(torch.cat(drawn).to(x.device), streams, seeds, sigmas)


def _batch(source: NoiseSource, shape: Sequence[int], seed: int, batch_index: Sequence[int] | None) -> Tensor:
    draw = stream(source, seed)
    if batch_index is None:
        return draw(shape)
    images = [draw((1, *shape[1:])) for _ in range(max(batch_index) + 1)]
    return torch.cat([images[index] for index in batch_index])


class RunNoise:
    """The noise a run starts from, and what its sampler puts back on the way."""

    def __init__(self, initial: Tensor, streams: Sequence[Draw], seeds: Sequence[int], sigmas: Tensor):
        """``streams`` and ``seeds``: one for the whole batch, or one for each image."""
        self.initial = initial  # (B, C, h, w)
        self._streams, self._seeds, self._sigmas = streams, seeds, sigmas
        self._part = (len(initial) // len(streams), *initial.shape[1:])

    def fresh(self) -> Tensor:
        """Standard normal, independent of all that was put back before. Returns: like ``initial``."""
        return torch.cat([draw(self._part) for draw in self._streams]).to(self.initial.device)

    def between(self, sigma: Tensor, sigma_next: Tensor) -> Tensor:
        """The increment of a Brownian path from ``sigma`` down to ``sigma_next``, scaled to unit variance."""
        low, high = (round(float(level), TREE_DIGITS) for level in (sigma_next, sigma))
        rise = torch.cat([path(low, high) for path in self._paths])
        return (-rise / (sigma - sigma_next).sqrt()).to(self.initial.device)

    @cached_property
    def _paths(self) -> list[Callable[[float, float], Tensor]]:
        """Brownian paths over the run's sigmas that give the same increments however they are cut (Li et al. 2020)."""
        import torchsde

        low, high = float(self._sigmas[self._sigmas > 0].min()), float(self._sigmas.max())
        start = torch.zeros(self._part)
        return [torchsde.BrownianTree(low, start, high, entropy=seed % SEEDS) for seed in self._seeds]


def turned(noise: Tensor, other: Tensor, share: float) -> Tensor:
    """Shoemake (1985), spherical interpolation, column by column of a picture (B, C, h, w): it keeps the variance."""
    cosine = (noise / noise.norm(dim=-2, keepdim=True) * other / other.norm(dim=-2, keepdim=True)).sum(-2, keepdim=True)
    if cosine.mean() > PARALLEL:
        return torch.lerp(noise, other, share)
    angle = cosine.acos()
    return ((1 - share) * angle).sin() / angle.sin() * noise + (share * angle).sin() / angle.sin() * other
