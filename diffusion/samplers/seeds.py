"""SEEDS (Gonzalez et al. 2023): exponential solvers of the reverse SDE whose stages share their noise.

With h the step in λ = −log σ, the SDE decays x by e^(−2h) and adds noise of variance σ²·(1 − e^(−2h)). The noise of
a step's parts is drawn once; at each later stage what was drawn for earlier parts counts as far as it has decayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise


def seeds_2(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Gonzalez et al. (2023), "SEEDS", algorithm 2 (SEEDS-2), predicting the picture, the middle at r = ½."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        h = (sigma / sigma_next).log()
        middle = sigma * (-h / 2).exp()
        parts = [noise.fresh(), noise.fresh()]
        ahead = denoise(_drift(x, denoised, h / 2) + middle * _diffusion(parts[:1], h / 2), middle)
        x = _drift(x, ahead, h) + sigma_next * _diffusion(parts, h / 2)
    return x


def seeds_3(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Gonzalez et al. (2023), "SEEDS", algorithm 3 (SEEDS-3), predicting the picture, with stages at thirds."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        h = (sigma / sigma_next).log()
        third, two_thirds = sigma * (-h / 3).exp(), sigma * (-h * 2 / 3).exp()
        parts = [noise.fresh(), noise.fresh(), noise.fresh()]
        at_third = denoise(_drift(x, denoised, h / 3) + third * _diffusion(parts[:1], h / 3), third)
        halfway = _drift(x, denoised, h * 2 / 3) + 2 * _phi_2(h * 4 / 3) * (at_third - denoised)
        at_two_thirds = denoise(halfway + two_thirds * _diffusion(parts[:2], h / 3), two_thirds)
        x = _drift(x, denoised, h) + 3 / 2 * _phi_2(2 * h) * (at_two_thirds - denoised)
        x = x + sigma_next * _diffusion(parts, h / 3)
    return x


def _drift(x: Tensor, denoised: Tensor, h: Tensor) -> Tensor:
    return (-2 * h).exp() * x - (-2 * h).expm1() * denoised


def _diffusion(parts: Sequence[Tensor], h: Tensor) -> Tensor:
    """What noise drawn for each ``h`` so far adds up to now, in units of sigma."""
    age = range(len(parts) - 1, -1, -1)
    total: Tensor = sum((-h * steps).exp() * part for steps, part in zip(age, parts, strict=True))  # type: ignore[assignment]
    return (-(-2 * h).expm1()).sqrt() * total


def _phi_2(h: Tensor) -> Tensor:
    """∫₀¹ e^(h(s−1))·h·s ds: what a slope of the prediction adds over a step."""
    return (-h).expm1() / h + 1
