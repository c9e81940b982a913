"""Extended reverse-time SDEs (Cui et al. 2023): how much noise is put back is a free function of the level."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise

POINTS = 200  # of the sums that stand for integrals, as the public settings have it


def er_sde(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Cui et al. (2023), "Elucidating the solution space of extended reverse-time SDE", VE ER-SDE-Solver-3."""
    before: Tensor | None = None
    rise_before: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        if sigma_next == 0:
            return denoised
        r = _scale(sigma_next) / _scale(sigma)
        x = r * x + (1 - r) * denoised
        if before is not None:
            step = sigma_next - sigma
            levels = sigma_next - torch.arange(POINTS) / POINTS * step
            weights = -step / POINTS / _scale(levels) * _scale(sigma_next)
            rise = (denoised - before) / (sigma - sigmas[i - 1])
            x = x + (step + weights.sum()) * rise
            if rise_before is not None:
                bend = (rise - rise_before) / ((sigma - sigmas[i - 2]) / 2)
                x = x + (step**2 / 2 + (weights * (levels - sigma)).sum()) * bend
            rise_before = rise
        x = x + noise.fresh() * (sigma_next**2 - (sigma * r) ** 2).clamp(min=0).sqrt()
        before = denoised
    return x


def _scale(sigma: Tensor) -> Tensor:
    """The noise scale of the paper's SDE 5 (appendix A.8)."""
    return sigma * ((sigma**0.3).exp() + 10)
