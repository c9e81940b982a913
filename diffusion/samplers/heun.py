"""Samplers that correct an Euler step by the slope at its end."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, slope


def heun(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Karras et al. (2022), algorithm 2 without churn."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        here, step = slope(x, sigma, denoised), sigma_next - sigma
        if sigma_next == 0:
            x = x + here * step
        else:
            ahead = x + here * step
            there = slope(ahead, sigma_next, denoise(ahead, sigma_next))
            x = x + (here + there) / 2 * step
    return x


def heunpp2(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Carzit's Heun++ (2023, sd-webui-samplers-scheduler): the mean of the slopes here and up to two steps ahead.

    Those ahead weigh by their level's share of ``sigmas[0]``.
    """
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        step = sigma_next - sigma
        look_at = [level for level in sigmas[i : i + 3] if level != sigmas[-1]]
        slopes: list[Tensor] = []
        ahead = x
        for level, level_next in zip(look_at, sigmas[i + 1 :], strict=False):
            denoised = denoise(ahead, level)
            if not slopes:
                on_step(i + 1, len(sigmas) - 1, denoised)
            slopes.append(slope(ahead, level, denoised))
            ahead = ahead + slopes[-1] * (level_next - level)
        shares = [level / (len(look_at) * sigmas[0]) for level in look_at[1:]]
        mean = slopes[0] * (1 - sum(shares)) + sum(share * d for share, d in zip(shares, slopes[1:], strict=True))
        x = x + mean * step
    return x
