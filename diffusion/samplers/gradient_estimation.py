"""Sampling as gradient descent on the distance to the pictures (Permenter & Yuan 2024)."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, slope

GAMMA = 2.0


def gradient_estimation(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Permenter & Yuan (2024), "Interpreting and Improving Diffusion Models", their second-order sampler."""
    return _estimate(denoise, x, sigmas, on_step, cfg_pp=False)


def gradient_estimation_cfg_pp(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep
) -> Tensor:
    """Chung et al. (2024), "CFG++", on `gradient_estimation`."""
    return _estimate(denoise, x, sigmas, on_step, cfg_pp=True)


def _estimate(denoise: Denoiser, x: Tensor, sigmas: Tensor, on_step: OnStep, *, cfg_pp: bool) -> Tensor:
    before: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, along = denoise.pair(x, sigma) if cfg_pp else (denoise(x, sigma),) * 2
        on_step(i + 1, len(sigmas) - 1, denoised)
        here = slope(x, sigma, along)
        x = denoised + here * sigma_next
        if before is not None and sigma_next > 0:
            x = x + (GAMMA - 1) * (here - before) * (sigma_next - sigma)
        before = here
    return x
