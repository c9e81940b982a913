"""Samplers that draw from the posterior of the forward process."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise


def ddpm(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Ho et al. (2020), "DDPM", algorithm 2, with the mean and variance of equation 7."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        share = (sigma_next / sigma) ** 2  # of x in the posterior's mean
        x = share * x + (1 - share) * denoised
        if sigma_next > 0:
            x = x + noise.fresh() * sigma_next * (1 - share).sqrt()
    return x


def lcm(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Luo et al. (2023), "Latent Consistency Models", algorithm 3: jump to the picture, noise it anew."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        x = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, x)
        if sigma_next > 0:
            x = x + noise.fresh() * sigma_next
    return x
