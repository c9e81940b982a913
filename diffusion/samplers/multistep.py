"""Adams–Bashforth in sigma: the slopes of the last steps make a polynomial, and a step is its integral."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, slope

ORDER = 4
EVEN = ((1,), (3 / 2, -1 / 2), (23 / 12, -16 / 12, 5 / 12), (55 / 24, -59 / 24, 37 / 24, -9 / 24))

Weights = Callable[[Tensor, Tensor], Tensor]
"""(the sigmas of the slopes, the latest first; the sigma to step to) → the weight of each slope in the step."""


def lms(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """k-diffusion's linear multistep: Adams–Bashforth of order 4 on the sigmas there are."""
    return _multistep(denoise, x, sigmas, on_step, _integrals)


def ipndm(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Zhang & Chen (2023), "DEIS", iPNDM: Adams–Bashforth of order 4 as if the sigmas were evenly spaced."""
    return _multistep(denoise, x, sigmas, on_step, lambda at, to: torch.tensor(EVEN[len(at) - 1]) * (to - at[0]))


def ipndm_v(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Zhou et al. (2023), "Fast ODE-based Sampling …", iPNDM_v: Adams–Bashforth for uneven sigmas."""
    return _multistep(denoise, x, sigmas, on_step, _published_integrals)


def _multistep(denoise: Denoiser, x: Tensor, sigmas: Tensor, on_step: OnStep, weights: Weights) -> Tensor:
    slopes: list[Tensor] = []  # the latest first
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        slopes = [slope(x, sigma, denoised), *slopes[: ORDER - 1]]
        at = sigmas[i + 1 - len(slopes) : i + 1].flip(0)
        x = x + sum(weight * each for weight, each in zip(weights(at, sigma_next), slopes, strict=True))
    return x


def _integrals(at: Tensor, to: Tensor) -> Tensor:
    """∫ from at[0] to ``to`` of the polynomials that are 1 at one of the points ``at`` and 0 at the others."""
    points = at.double().numpy()
    spots, spans = np.polynomial.legendre.leggauss(len(points))  # exact for these degrees
    half = (float(to) - points[0]) / 2
    sigma = points[0] + half * (1 + spots)
    weights = []
    for point in points:
        others = points[points != point]
        weights.append(
            half * float((spans * np.prod([(sigma - other) / (point - other) for other in others], 0)).sum())
        )
    return torch.tensor(weights)


def _published_integrals(at: Tensor, to: Tensor) -> Tensor:
    """`_integrals` in Newton's form, with two slips of the public code (diff-sampler) that the known pictures hold.

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
