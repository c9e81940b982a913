"""SEEDS (Gonzalez et al. 2023): exponential solvers of the reverse SDE whose stages share their noise.

The noise of a step's parts is drawn once; at each later stage what was drawn for earlier parts counts as far as it
has decayed. h is the step in λ = −log σ.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from diffusion.samplers.reverse_sde import decayed, rise, spread
from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise


def seeds_2(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Gonzalez et al. (2023), "SEEDS", SEEDS-2 predicting the picture, the middle at r = ½."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        h = (sigma / sigma_next).log()
        middle = sigma * (-h / 2).exp()
        parts = [noise.fresh(), noise.fresh()]
        ahead = denoise(decayed(x, denoised, h / 2) + middle * _added(parts[:1], h / 2), middle)
        x = decayed(x, ahead, h) + sigma_next * _added(parts, h / 2)
    return x


def seeds_3(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Gonzalez et al. (2023), "SEEDS", SEEDS-3 predicting the picture, with stages at thirds."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        h = (sigma / sigma_next).log()
        third, two_thirds = sigma * (-h / 3).exp(), sigma * (-h * 2 / 3).exp()
        parts = [noise.fresh(), noise.fresh(), noise.fresh()]
        at_third = denoise(decayed(x, denoised, h / 3) + third * _added(parts[:1], h / 3), third)
        halfway = decayed(x, denoised, h * 2 / 3) + 2 * rise(h * 2 / 3) * (at_third - denoised)
        at_two_thirds = denoise(halfway + two_thirds * _added(parts[:2], h / 3), two_thirds)
        x = decayed(x, denoised, h) + 3 / 2 * rise(h) * (at_two_thirds - denoised)
        x = x + sigma_next * _added(parts, h / 3)
    return x


def _added(parts: Sequence[Tensor], h: Tensor) -> Tensor:
    """What noise drawn for each ``h`` so far adds up to now, in units of sigma."""
    age = range(len(parts) - 1, -1, -1)
    total = torch.stack([(-h * steps).exp() * part for steps, part in zip(age, parts, strict=True)]).sum(0)
    return spread(h) * total
