"""Solvers that keep the slopes of the last steps: they make a polynomial, and a step is its integral over sigma."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, slope

EVEN = ((1,), (3 / 2, -1 / 2), (23 / 12, -16 / 12, 5 / 12), (55 / 24, -59 / 24, 37 / 24, -9 / 24))
SPOTS, SPANS = np.polynomial.legendre.leggauss(64)  # Gauss–Legendre: far more points than the polynomials need
LOWEST, HIGHEST, START = 0.002, 80.0, 1e-3  # the sigmas at times START and 1 of the public DEIS code's VP process

Array = NDArray[np.float64]
Weights = Callable[[Tensor, Tensor], Tensor]
"""(the sigmas of the slopes, the latest first; the sigma to step to) → the weight of each slope in the step."""


def lms(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """k-diffusion's linear multistep: Adams–Bashforth of order 4 for steps of any length."""
    return _multistep(denoise, x, sigmas, on_step, 4, lambda at, to: _integrals(at, to, lambda sigma: sigma))


def ipndm(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Zhang & Chen (2023), "DEIS", iPNDM: Adams–Bashforth of order 4 as if all steps were equally long."""
    return _multistep(denoise, x, sigmas, on_step, 4, lambda at, to: torch.tensor(EVEN[len(at) - 1]) * (to - at[0]))


def ipndm_v(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Zhou et al. (2023), "Fast ODE-based Sampling …", iPNDM_v: meant as `lms`; see `_published_integrals`."""
    return _multistep(denoise, x, sigmas, on_step, 4, _published_integrals)


def deis(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Zhang & Chen (2023), "DEIS", tAB-DEIS of order 3: the polynomial is in the time of a linear-β VP process."""
    return _multistep(denoise, x, sigmas, on_step, 3, lambda at, to: _integrals(at, to, _vp_time))


def _multistep(denoise: Denoiser, x: Tensor, sigmas: Tensor, on_step: OnStep, order: int, weights: Weights) -> Tensor:
    slopes: list[Tensor] = []  # the latest first
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        slopes = [slope(x, sigma, denoised), *slopes[: order - 1]]
        at = sigmas[i + 1 - len(slopes) : i + 1].flip(0)
        x = x + sum(weight * each for weight, each in zip(weights(at, sigma_next), slopes, strict=True))
    return x


def _integrals(at: Tensor, to: Tensor, time: Callable[[Array], Array]) -> Tensor:
    """∫ dσ from at[0] to ``to`` of the polynomials in time that are 1 at one of ``at`` and 0 at the others."""
    points = at.double().numpy()
    middle, half = np.log(points[0] * float(to)) / 2, np.log(float(to) / points[0]) / 2
    sigma = np.exp(middle + half * SPOTS)  # in log σ, along which both the polynomials and the times are smooth
    here, times = time(sigma), time(points)
    polynomials = [
        np.prod([(here - other) / (one - other) for other in times if other != one], axis=0) for one in times
    ]
    return torch.tensor([float((SPANS * half * sigma * values).sum()) for values in polynomials])


def _vp_time(sigma: Array) -> Array:
    """When the linear-β VP process of Song et al. (2021) with the ends given above is at ``sigma``."""
    low, high = np.log(LOWEST**2 + 1), np.log(HIGHEST**2 + 1)
    growth = 2 * (low / START - high) / (START - 1)
    first = high - growth / 2
    time: Array = (np.sqrt(first**2 + 2 * growth * np.log(sigma**2 + 1)) - first) / growth
    return time


def _published_integrals(at: Tensor, to: Tensor) -> Tensor:
    """Adams–Bashforth in Newton's form, with two slips of the public code (diff-sampler) that known pictures hold.

    The bend's weight should be (h²/3 + h·h1/2) / (h1·(h1 + h2)), and the last ``a`` should be h2/h3.
    """
    h = to - at[0]
    weights = torch.zeros(len(at))
    weights[0] = 1
    if len(at) > 1:
        h1 = at[0] - at[1]
        weights[:2] += h / (2 * h1) * torch.tensor([1.0, -1.0])
    if len(at) > 2:
        h2 = at[1] - at[2]
        a = h1 / h2
        bend = (1 - h**2 / (3 * h1 * (h1 + h2))) / 2
        weights[:3] += bend * torch.stack([torch.ones(()), -1 - a, a])
    if len(at) > 3:
        h3 = at[2] - at[3]
        b = h1 * (h1 + h2) / (h2 * (h2 + h3))
        twist = (1 - h / (3 * (h + h1))) / 2 + (1 - h / (2 * (h + h1))) * h / (6 * (h + h1 + h2))
        twist = twist * h * (h + h1) * (h + h1 + h2) / (h1 * (h1 + h2) * (h1 + h2 + h3))
        weights[:4] += twist * torch.stack([torch.ones(()), -1 - a - b, a + b * (1 + h2 / h3), -b * a])
    return h * weights
