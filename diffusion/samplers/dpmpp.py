"""DPM-Solver++ (Lu et al. 2022b): steps in λ = −log σ along which the predicted picture is a polynomial."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise


def dpmpp_2m(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Lu et al. (2022b), "DPM-Solver++", algorithm 2 (2M): two steps' predictions make a straight line."""
    before: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if before is None or sigma_next == 0:
            ahead = denoised
        else:
            r = (sigmas[i - 1] / sigma).log() / (sigma / sigma_next).log()
            ahead = denoised + (denoised - before) / (2 * r)
        kept = sigma_next / sigma  # e^(−h)
        x = kept * x + (1 - kept) * ahead
        before = denoised
    return x
