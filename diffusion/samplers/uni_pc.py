"""UniPC (Zhao et al. 2023): a predictor of any order and a corrector that costs no further look at the network."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise

LAST = 0.001  # the sigma at which a run that should go to 0 ends: λ = −log σ has no 0
ORDER = 3


def uni_pc(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Zhao et al. (2023), "UniPC", multistep and predicting the picture, with B(h) = h."""
    return _uni_pc(denoise, x, sigmas, on_step, lambda h: h)


def uni_pc_bh2(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Zhao et al. (2023), "UniPC", multistep and predicting the picture, with B(h) = e^h − 1."""
    return _uni_pc(denoise, x, sigmas, on_step, torch.expm1)


def _uni_pc(denoise: Denoiser, x: Tensor, sigmas: Tensor, on_step: OnStep, big_b: Callable[[Tensor], Tensor]) -> Tensor:
    levels = torch.where(sigmas > 0, sigmas, LAST)
    steps = len(levels) - 1
    highest = min(ORDER, max(1, steps - 1))
    seen = [(-levels[0].log(), denoise(x, levels[0]))]  # (λ, prediction), the latest last
    on_step(1, steps, seen[-1][1])
    for step in range(1, steps + 1):
        order = min(highest, step, steps + 1 - step)
        sigma, sigma_next = levels[step - 1], levels[step]
        here, denoised = seen[-1]
        h = here + sigma_next.log()  # −(λ_next − λ): negative, as the paper has it for predicted pictures
        rises = [((at - here) / -h, then - denoised) for at, then in seen[-order:-1]][::-1]  # (r_k, D_k)
        first = sigma_next / sigma * x - h.expm1() * denoised
        x = first - big_b(h) * _combined(rises, h, big_b)
        if step == steps:
            break
        ahead = denoise(x, sigma_next)
        on_step(step + 1, steps, ahead)
        rises.append((torch.ones(()), ahead - denoised))
        x = first - big_b(h) * _combined(rises, h, big_b)
        seen = [*seen, (-sigma_next.log(), ahead)][-ORDER:]
    return x


def _combined(rises: list[tuple[Tensor, Tensor]], h: Tensor, big_b: Callable[[Tensor], Tensor]) -> Tensor:
    """Σ a_k·D_k / r_k, with a from the paper's order conditions R(r)·a = φ(h) / B(h)."""
    if not rises:
        return torch.zeros(())
    r = torch.stack([at for at, _ in rises])
    if len(rises) == 1:
        weights = torch.full((1,), 0.5)  # the paper's choice: exact for B(h) to the order that counts
    else:
        powers = torch.arange(len(r))
        weights = torch.linalg.solve(r[None, :] ** powers[:, None], _phis(h, len(r)) / big_b(h))
    return sum((a * rise / at for a, (at, rise) in zip(weights, rises, strict=True)), torch.zeros(()))


def _phis(h: Tensor, count: int) -> Tensor:
    """k!·h·φ_{k+1}(h) for k = 1 … count, with φ_{k+1}(h) = (φ_k(h) − 1/k!) / h and φ_1(h) = (e^h − 1)/h."""
    values = []
    phi = h.expm1() / h - 1  # h·φ_2(h)
    for k in range(1, count + 1):
        values.append(phi * math.factorial(k))
        phi = phi / h - 1 / math.factorial(k + 1)
    return torch.stack(values)
