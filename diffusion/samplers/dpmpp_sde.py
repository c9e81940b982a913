"""SDE-DPM-Solver++ (Lu et al. 2022b, section 5): the same polynomials for the reverse SDE.

Its noise is one Brownian path, so that more steps refine a picture instead of drawing another. h is the step in
λ = −log σ. The ``_gpu`` names exist for workflows that say them: here noise always comes from the CPU.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

from diffusion.samplers.reverse_sde import decayed, rise, spread
from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, ancestral


def dpmpp_sde(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """k-diffusion's DPM-Solver++ (stochastic): Lu et al. (2022b), algorithm 1 at r = ½, with two ancestral steps."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        middle = (sigma * sigma_next).sqrt()
        halfway = _ancestral_step(x, denoised, sigma, middle, noise)
        x = _ancestral_step(x, denoise(halfway, middle), sigma, sigma_next, noise)
    return x


def _ancestral_step(x: Tensor, denoised: Tensor, sigma: Tensor, sigma_next: Tensor, noise: StepNoise) -> Tensor:
    down, up = ancestral(sigma, sigma_next)
    return down / sigma * x + (1 - down / sigma) * denoised + noise.between(sigma, sigma_next) * up


def dpmpp_2m_sde(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Lu et al. (2022b), SDE-DPM-Solver++ (2M), the last term taken at the midpoint."""
    return _two_steps(denoise, x, sigmas, noise, on_step, "midpoint")


def dpmpp_2m_sde_heun(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Lu et al. (2022b), SDE-DPM-Solver++ (2M), the last term integrated."""
    return _two_steps(denoise, x, sigmas, noise, on_step, "heun")


def _two_steps(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: StepNoise,
    on_step: OnStep,
    kind: Literal["midpoint", "heun"],
) -> Tensor:
    before: Tensor | None = None
    h_before = torch.zeros(())
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        h = (sigma / sigma_next).log()
        x = decayed(x, denoised, h)
        if before is not None:
            share = spread(h) ** 2 / 2 if kind == "midpoint" else rise(h)
            x = x + share * (denoised - before) * h / h_before
        x = x + _put_back(noise, sigma, sigma_next, h)
        before, h_before = denoised, h
    return x


def dpmpp_3m_sde(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """k-diffusion's DPM-Solver++ (3M) SDE: Lu et al. (2022b) carried to a parabola through three predictions."""
    seen: list[tuple[Tensor, Tensor]] = []  # (λ, prediction), the latest first
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        h = (sigma / sigma_next).log()
        seen = [(-sigma.log(), denoised), *seen[:2]]
        x = decayed(x, denoised, h)
        if len(seen) > 1:
            rises = [(new - old) * h / (at - at_old) for (at, new), (at_old, old) in pairwise(seen)]
            slope, bend = rises[0], torch.zeros(())
            if len(rises) == 2:
                r0, r1 = ((at - at_old) / h for (at, _), (at_old, _) in pairwise(seen))
                bend = (rises[0] - rises[1]) / (r0 + r1)
                slope = slope + bend * r0
            x = x + rise(h) * slope - (rise(h) / (2 * h) - 0.5) * bend
        x = x + _put_back(noise, sigma, sigma_next, h)
    return x


dpmpp_sde_gpu, dpmpp_2m_sde_gpu, dpmpp_2m_sde_heun_gpu, dpmpp_3m_sde_gpu = (
    dpmpp_sde,
    dpmpp_2m_sde,
    dpmpp_2m_sde_heun,
    dpmpp_3m_sde,
)


def _put_back(noise: StepNoise, sigma: Tensor, sigma_next: Tensor, h: Tensor) -> Tensor:
    return noise.between(sigma, sigma_next) * sigma_next * spread(h)
