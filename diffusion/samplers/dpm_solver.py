"""DPM-Solver (Lu et al. 2022): exponential steps for the noise, between the first sigma and the last."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, slope

RELATIVE, ABSOLUTE = 0.05, 0.0078  # tolerated errors, k-diffusion's defaults
FIRST_STEP = 0.05
ACCEPTED = 0.81  # of the step that the error would have allowed


def dpm_fast(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Lu et al. (2022), "DPM-Solver-fast": third-order steps evenly in −log σ, a lower order for what is left.

    As many looks at the network as ``sigmas`` has steps. It ends at the last sigma above 0, not at 0.
    """
    start, end = _span(denoise, sigmas)
    looks = len(sigmas) - 1
    orders = [3] * (looks // 3) + [looks % 3] if looks % 3 else [3] * (looks // 3 - 1) + [2, 1]
    times = torch.linspace(float(start), float(end), len(orders) + 1)
    for i, ((t, t_next), order) in enumerate(zip(pairwise(times), orders, strict=True)):
        here = _Step(denoise, x, t, t_next)
        on_step(i + 1, len(orders), here.denoised)
        x = (here.first, here.second, here.third)[order - 1]()
    return x


def dpm_adaptive(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Lu et al. (2022), "DPM-Solver", the adaptive DPM-Solver-23: steps as long as its error estimate allows.

    Only the first and last sigma above 0 matter. Steps are reported against a total that is an estimate.
    """
    t, end = _span(denoise, sigmas)
    before = x
    length = FIRST_STEP
    done = 0
    while t < end - 1e-5:
        t_next = torch.minimum(end, t + length)
        here = _Step(denoise, x, t, t_next)
        low, high = here.second(1 / 3), here.third()
        tolerance = (RELATIVE * torch.maximum(low.abs(), before.abs())).clamp(min=ABSOLUTE)
        error = float(((low - high) / tolerance).square().mean().sqrt())
        change = 1 + math.atan((1 / (error + 1e-8)) ** (1 / 3) - 1)
        if change >= ACCEPTED:
            x, before, t = high, low, t_next
            done += 1
            on_step(done, max(done, len(sigmas) - 1), here.denoised)
        length *= change
    return x


def _span(denoise: Denoiser, sigmas: Tensor) -> tuple[Tensor, Tensor]:
    """The first and last −log σ. A run of one step to 0 goes to the lowest trained level: there is none before 0."""
    last = sigmas[-1] if sigmas[-1] > 0 else sigmas[-2]
    if last == sigmas[0]:
        last = denoise.trained.lowest
    return -sigmas[0].log(), -last.log()


class _Step:
    """One step from time t to t_next = −log σ, by solvers of order 1, 2 and 3 that share what they have looked at."""

    def __init__(self, denoise: Denoiser, x: Tensor, t: Tensor, t_next: Tensor):
        self._denoise, self._x, self._t, self._h = denoise, x, t, t_next - t
        self.denoised = denoise(x, (-t).exp())
        self._noise = slope(x, (-t).exp(), self.denoised)
        self._ahead: dict[float, Tensor] = {}

    def first(self, share: float = 1.0) -> Tensor:
        """Algorithm "DPM-Solver-1", over a share of the step."""
        h = share * self._h
        return self._x - (-self._t - h).exp() * h.expm1() * self._noise

    def second(self, r: float = 1 / 2) -> Tensor:
        """Algorithm 1, DPM-Solver-2."""
        return self.first() - self._sigma(1) / (2 * r) * self._h.expm1() * (self._look(r, self.first(r)) - self._noise)

    def third(self, r1: float = 1 / 3, r2: float = 2 / 3) -> Tensor:
        """Algorithm 2, DPM-Solver-3."""
        bend = self._look(r1, self.first(r1)) - self._noise
        between = self.first(r2) - self._sigma(r2) * r2 / r1 * self._phi(r2) * bend
        return self.first() - self._sigma(1) / r2 * self._phi(1) * (self._look(r2, between) - self._noise)

    def _look(self, share: float, x: Tensor) -> Tensor:
        if share not in self._ahead:
            sigma = self._sigma(share)
            self._ahead[share] = slope(x, sigma, self._denoise(x, sigma))
        return self._ahead[share]

    def _sigma(self, share: float) -> Tensor:
        return (-self._t - share * self._h).exp()

    def _phi(self, share: float) -> Tensor:
        h = share * self._h
        return h.expm1() / h - 1
