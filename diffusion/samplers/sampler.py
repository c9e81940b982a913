"""What a sampler is, and the few formulas that many of them share."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Protocol

from torch import Tensor

from diffusion.errors import DiffusionError
from diffusion.names import SAMPLERS
from diffusion.sigmas import TrainedSigmas


class Denoiser(Protocol):
    """(x at noise level sigma, sigma) → the predicted clean x. ``sigma`` is a scalar tensor on the CPU."""

    @property
    def trained(self) -> TrainedSigmas: ...

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor: ...

    def pair(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """The guided prediction, and the one of the negative prompt alone, for CFG++."""
        ...


class StepNoise(Protocol):
    """Standard normal noise for the samplers that put some back."""

    def fresh(self) -> Tensor:
        """Independent of all before."""
        ...

    def between(self, sigma: Tensor, sigma_next: Tensor) -> Tensor:
        """The increment of one Brownian path between two noise levels, scaled to unit variance."""
        ...


OnStep = Callable[[int, int, Tensor], None]
"""(steps done, steps in all, the clean x as predicted now)."""

Sampler = Callable[[Denoiser, Tensor, Tensor, StepNoise, OnStep], Tensor]
"""(denoiser, x at sigmas[0], sigmas, noise, on_step) → x at sigmas[-1]. ``sigmas`` are float32, on the CPU."""


def sampler(name: str) -> Sampler:
    """Find a sampler by name."""
    if name not in SAMPLERS:
        raise DiffusionError(f"There is no sampler called {name!r}; there are {', '.join(SAMPLERS)}.")
    found: Sampler = getattr(import_module(SAMPLERS[name]), name)
    return found


def slope(x: Tensor, sigma: Tensor, denoised: Tensor) -> Tensor:
    """dx/dσ of the probability-flow ODE: Karras et al. (2022), equation 4 with σ(t) = t."""
    return (x - denoised) / sigma


def ancestral(sigma: Tensor, sigma_next: Tensor, eta: float = 1.0) -> tuple[Tensor, Tensor]:
    """Song et al. (2021), "DDIM", equation 16 in terms of sigma: (the level to step down to, the noise to put back).

    At ``eta`` 1 the posterior of DDPM, at 0 nothing is put back.
    """
    up = (eta * sigma_next / sigma * (sigma**2 - sigma_next**2).sqrt()).clamp(max=sigma_next)
    return (sigma_next**2 - up**2).sqrt(), up
