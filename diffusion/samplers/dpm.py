"""DPM-Solver's samplers (Lu et al. 2022): in them a step is straight in log sigma, time is t = −log σ."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, ancestral, slope


def dpm_2(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """k-diffusion's blend of DPM-Solver-2 (Lu et al. 2022) and algorithm 2 of Karras et al. (2022): midpoint steps."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        x = _midpoint(denoise, x, sigma, sigma_next, slope(x, sigma, denoised))
    return x


def dpm_2_ancestral(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """The midpoint steps of `dpm_2`, overshooting, and noise put back."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        down, up = ancestral(sigma, sigma_next)
        x = _midpoint(denoise, x, sigma, down, slope(x, sigma, denoised))
        if sigma_next > 0:
            x = x + noise.fresh() * up
    return x


def _midpoint(denoise: Denoiser, x: Tensor, sigma: Tensor, sigma_next: Tensor, here: Tensor) -> Tensor:
    """Step with the slope at the geometric mean of the two levels; straight to 0 where there is none."""
    if sigma_next == 0:
        return x + here * (sigma_next - sigma)
    middle = (sigma * sigma_next).sqrt()
    halfway = x + here * (middle - sigma)
    return x + slope(halfway, middle, denoise(halfway, middle)) * (sigma_next - sigma)
