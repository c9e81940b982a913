"""DEIS (Zhang & Chen 2023): exponential integration with the noise's slopes as a polynomial in diffusion time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, slope

HISTORY = 2
LOWEST, HIGHEST, START = 0.002, 80.0, 1e-3  # the sigmas at times START and 1 of the public code's VP process


def deis(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Zhang & Chen (2023), "DEIS", tAB-DEIS of order 3: equation 15, its time that of a linear-β VP process."""
    slopes: list[Tensor] = []  # the latest first
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        slopes = [slope(x, sigma, denoised), *slopes[:HISTORY]]
        at = sigmas[i + 1 - len(slopes) : i + 1].flip(0)
        weights = _integrals(at.double().numpy(), float(sigma_next))
        x = x + sum(weight * each for weight, each in zip(weights, slopes, strict=True))
    return x


def _time(sigma: np.ndarray) -> np.ndarray:
    """When the linear-β VP process of Song et al. (2021) with the given ends is at ``sigma``."""
    low, high = np.log(LOWEST**2 + 1), np.log(HIGHEST**2 + 1)
    rise = 2 * (low / START - high) / (START - 1)
    first = high - rise / 2
    return (np.sqrt(first**2 + 2 * rise * np.log(sigma**2 + 1)) - first) / rise


def _integrals(at: np.ndarray, to: float) -> Tensor:
    """∫ dσ from at[0] to ``to`` of the polynomials in time that are 1 at one of ``at`` and 0 at the others."""
    spots, spans = np.polynomial.legendre.leggauss(64)
    # in log σ, where the polynomials are smooth
    middle, half = np.log(at[0] * to) / 2, np.log(to / at[0]) / 2
    sigma = np.exp(middle + half * spots)
    time, times = _time(sigma), _time(at)
    return torch.tensor(
        [
            float(
                (
                    spans
                    * half
                    * sigma
                    * np.prod([(time - other) / (one - other) for other in times if other != one], axis=0)
                ).sum()
            )
            for one in times
        ]
    )
