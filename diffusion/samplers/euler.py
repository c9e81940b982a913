"""First-order samplers."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, ancestral, slope


def euler(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Karras et al. (2022), algorithm 2 without churn and without the correction."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        x = x + slope(x, sigma, denoised) * (sigma_next - sigma)
    return x


def euler_ancestral(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """k-diffusion's ancestral Euler: Ho et al. (2020), "DDPM", as Euler steps that overshoot, and noise put back."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        down, up = ancestral(sigma, sigma_next)
        x = x + slope(x, sigma, denoised) * (down - sigma)
        if sigma_next > 0:
            x = x + noise.fresh() * up
    return x


def euler_cfg_pp(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Chung et al. (2024), "CFG++", algorithm 2: the guided picture, re-noised along the negative prompt's slope."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, negative = denoise.pair(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        x = denoised + slope(x, sigma, negative) * sigma_next
    return x


def euler_ancestral_cfg_pp(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Chung et al. (2024), "CFG++", with the noise of an ancestral step."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, negative = denoise.pair(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        down, up = ancestral(sigma, sigma_next)
        x = denoised + slope(x, sigma, negative) * down
        if sigma_next > 0:
            x = x + noise.fresh() * up
    return x


def ddim(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Song et al. (2021), "DDIM": with η = 0 its equation 13 is the Euler step. `sampling` re-noises masks anew."""
    return euler(denoise, x, sigmas, noise, on_step)
