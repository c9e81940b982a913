"""SA-Solver (Xue et al. 2023): Adams predictor and corrector for SDEs whose stochasticity τ may change on the way."""

from __future__ import annotations

import torch
from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise

PREDICTOR_ORDER, CORRECTOR_ORDER = 3, 4
STOCHASTIC = (0.2, 0.8)  # the share of the run in which τ is 1; elsewhere the step is the ODE's


def sa_solver(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Xue et al. (2023), "SA-Solver", algorithm 1: predict, evaluate, correct."""
    return _sa_solver(denoise, x, sigmas, noise, on_step, look_again=False)


def sa_solver_pece(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Xue et al. (2023), "SA-Solver", algorithm 1 with a second look at the corrected x."""
    return _sa_solver(denoise, x, sigmas, noise, on_step, look_again=True)


def _sa_solver(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep, *, look_again: bool
) -> Tensor:
    starts, ends = (denoise.trained.at_percent(share) for share in STOCHASTIC)
    steps = len(sigmas) - 1
    times = -sigmas.double().log()  # λ
    seen: list[Tensor] = []  # predictions, the latest last
    predicted, tau, added = x, 0.0, torch.zeros(())
    for i in range(steps):
        denoised = denoise(predicted, sigmas[i])
        on_step(i + 1, steps, denoised)
        seen = [*seen[1 - CORRECTOR_ORDER :], denoised]
        to_zero = sigmas[-1] == 0  # then orders fall toward the end
        order = min(CORRECTOR_ORDER, len(seen), steps - i if to_zero else CORRECTOR_ORDER)
        if i == 0 or (sigmas[i + 1] == 0 and not look_again):
            x = predicted
        else:
            x = _adams(x, seen[-order:], times[i + 1 - order : i + 1], times[i - 1], times[i], tau) + added
            if look_again:
                denoised = seen[-1] = denoise(x, sigmas[i])
        if sigmas[i + 1] == 0:
            return denoised
        tau = 1.0 if starts >= sigmas[i + 1] >= ends else 0.0
        order = min(PREDICTOR_ORDER, len(seen), steps - 1 - i if to_zero else PREDICTOR_ORDER)
        h = times[i + 1] - times[i]
        added = noise.fresh() * sigmas[i + 1] * (-(-2 * tau**2 * h).expm1()).sqrt().float() if tau else torch.zeros(())
        predicted = _adams(x, seen[-order:], times[i + 1 - order : i + 1], times[i], times[i + 1], tau) + added
    return predicted


def _adams(x: Tensor, seen: list[Tensor], at: Tensor, start: Tensor, end: Tensor, tau: float) -> Tensor:
    """x decays, and a polynomial through the predictions ``seen`` at times ``at`` is integrated.

    The integral is of (1 + τ²)·e^((1 + τ²)(λ − end))·λᵏ, for each power of λ in turn by parts.
    """
    pull = 1 + tau**2
    decay = (-pull * (end - start)).exp()
    moments = [1 - decay]  # of (λ − end)ᵏ
    for k in range(1, len(seen)):
        moments.append(-decay * (start - end) ** k - k / pull * moments[-1])
    powers = torch.arange(len(seen), dtype=torch.float64)
    weights = torch.linalg.solve((at - end)[None, :] ** powers[:, None], torch.stack(moments)).float()
    return decay.float() * x + sum(weight * each for weight, each in zip(weights, seen, strict=True))
