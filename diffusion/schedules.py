"""Noise schedules: through which sigmas a run goes. High to low, ending at 0."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module

import torch
from torch import Tensor

from diffusion.custom_sigmas import karras_between, to_zero
from diffusion.errors import DiffusionError
from diffusion.names import SCHEDULES
from diffusion.sigmas import TrainedSigmas

Schedule = Callable[[TrainedSigmas, int], Tensor]
"""(the model's training sigmas, steps) → float32 sigmas, the last one 0. Most give ``steps`` + 1 of them."""


def schedule(name: str) -> Schedule:
    """Find a schedule by name."""
    if name not in SCHEDULES:
        raise DiffusionError(f"There is no schedule called {name!r}; there are {', '.join(SCHEDULES)}.")
    found: Schedule = getattr(import_module(SCHEDULES[name]), name)
    return found


DROP_PENULTIMATE = frozenset({"dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"})
"""Samplers whose last step from a tiny sigma to 0 would look at a level far below any trained one."""


def sigmas_for(
    name: str, trained: TrainedSigmas, steps: int, *, denoise: float = 1.0, sampler_name: str = "euler"
) -> Tensor:
    """The sigmas of a run: ``steps`` + 1 of them for most schedules.

    ``denoise`` below 1 takes the tail of a longer schedule, so that the steps are spent on what is left to do;
    0 gives no sigmas at all.
    """
    if denoise <= 0:
        return torch.zeros(0)
    whole = denoise > 0.9999
    full = steps if whole else int(steps / denoise)
    drops = sampler_name in DROP_PENULTIMATE
    sigmas = schedule(name)(trained, full + 1 if drops else full)
    if drops:
        sigmas = torch.cat([sigmas[:-2], sigmas[-1:]])
    return sigmas if whole else sigmas[-(steps + 1) :]


def normal(trained: TrainedSigmas, steps: int) -> Tensor:
    """Evenly spaced in training time, the lowest trained noise level included (Ho et al. 2020)."""
    return to_zero(trained.at(trained.times(steps)))


def sgm_uniform(trained: TrainedSigmas, steps: int) -> Tensor:
    """Evenly spaced in training time, the last step going from one spacing above the lowest level straight to 0."""
    return to_zero(trained.at(trained.times(steps + 1)[:-1]))


def simple(trained: TrainedSigmas, steps: int) -> Tensor:
    """Every n-th training time, counted from the highest."""
    every = len(trained) / steps
    return to_zero(torch.stack([trained.values[-1 - int(i * every)] for i in range(steps)]))


def ddim_uniform(trained: TrainedSigmas, steps: int) -> Tensor:
    """Song et al. (2021), "DDIM": every n-th training time counted from 1, whole n.

    It does not reach the highest level, and gives a step more than asked for where ``steps`` does not divide the times.
    """
    every = max(len(trained) // steps, 1)
    return to_zero(trained.values[1::every].flip(0))


def karras(trained: TrainedSigmas, steps: int, rho: float = 7.0) -> Tensor:
    """Karras et al. (2022), equation 5: more steps where sigma is small."""
    return karras_between(steps, float(trained.highest), float(trained.lowest), rho)


def exponential(trained: TrainedSigmas, steps: int) -> Tensor:
    """Evenly spaced in log sigma, as DPM-Solver (Lu et al. 2022) likes it."""
    return to_zero(torch.linspace(math.log(trained.highest), math.log(trained.lowest), steps).exp())


def beta(trained: TrainedSigmas, steps: int, alpha: float = 0.6, beta: float = 0.6) -> Tensor:
    """Lee et al. (2024), "Beta Sampling is All You Need": times at a Beta distribution's quantiles, doubles dropped."""
    from scipy.stats import beta as distribution

    quantiles = 1 - torch.arange(steps, dtype=torch.float64) / steps
    times = torch.from_numpy(distribution.ppf(quantiles, alpha, beta) * (len(trained) - 1)).round().long()
    return to_zero(trained.values[torch.unique_consecutive(times)])


def linear_quadratic(trained: TrainedSigmas, steps: int, threshold: float = 0.025) -> Tensor:
    """Genmo's Mochi 1 (2024): half of the steps straight over the first 2.5 % of the noise, the rest along a parabola.

    The parabola meets the line with the same slope and the end at 1.
    """
    if steps == 1:
        return to_zero(trained.highest[None])
    straight = steps // 2
    bent = steps - straight
    slope = threshold / straight
    bend = (1 - threshold - slope * bent) / bent**2
    done = [slope * i for i in range(straight)] + [threshold + slope * i + bend * i * i for i in range(bent)]
    return to_zero((1 - torch.tensor(done, dtype=torch.float64)).float() * trained.highest)


def kl_optimal(trained: TrainedSigmas, steps: int) -> Tensor:
    """Sabour et al. (2024), "Align Your Steps", theorem 3.1: evenly spaced in arctan sigma."""
    done = torch.arange(steps) / max(steps - 1, 1)
    angles = done * math.atan(trained.lowest) + (1 - done) * math.atan(trained.highest)
    return to_zero(angles.double().tan().float())
