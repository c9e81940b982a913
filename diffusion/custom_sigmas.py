"""Sigmas made and changed by hand, beside the schedules one chooses by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from diffusion.sigmas import TrainedSigmas

ALIGNED: Mapping[str, tuple[float, ...]] = MappingProxyType({
    "SD1": (
        14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092,
        0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582,
    ),
    "SDXL": (
        14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141,
        0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582,
    ),
    "SVD": (700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002),
})  # fmt: skip
"""Sabour et al. (2024), "Align Your Steps": the published ten steps, by the family they were found for."""
TURBO_TIMES = range(99, 1000, 100)
ABOVE_ZERO = 0.0001  # where a run that goes up in noise starts, since nothing can be told apart at 0


def karras_between(steps: int, high: float, low: float, rho: float = 7.0) -> Tensor:
    """Karras et al. (2022), equation 5: more steps where sigma is small."""
    ramp = torch.linspace(0, 1, steps)
    return to_zero((high ** (1 / rho) + ramp * (low ** (1 / rho) - high ** (1 / rho))) ** rho)


def polyexponential(steps: int, high: float, low: float, rho: float = 1.0) -> Tensor:
    """k-diffusion's schedule: a polynomial in log sigma; at ``rho`` 1 evenly spaced."""
    ramp = torch.linspace(1, 0, steps) ** rho
    return to_zero((ramp * (math.log(high) - math.log(low)) + math.log(low)).exp())


def laplace(steps: int, high: float, low: float, mean: float = 0.0, spread: float = 0.5) -> Tensor:
    """Hang et al. (2024), "Improved Noise Schedule …": log sigma at quantiles of a Laplace distribution."""
    centered = 0.5 - torch.linspace(0, 1, steps)
    logs = mean - spread * centered.sign() * (1 - 2 * centered.abs() + 1e-5).log()
    return to_zero(logs.exp().clamp(low, high))


def variance_preserving(steps: int, slope: float = 19.9, start: float = 0.1, last: float = 1e-3) -> Tensor:
    """Song et al. (2021), "Score-Based Generative Modeling through SDEs": the VP process, evenly spaced in time."""
    time = torch.linspace(1, last, steps)
    return to_zero(((slope * time**2 / 2 + start * time).exp() - 1).sqrt())


def turbo(trained: TrainedSigmas, steps: int, denoise: float = 1.0) -> Tensor:
    """Sauer et al. (2023), "Adversarial Diffusion Distillation": the times that SD Turbo was distilled for."""
    first = len(TURBO_TIMES) - int(len(TURBO_TIMES) * denoise)
    times = list(reversed(TURBO_TIMES))[first : first + steps]
    return to_zero(trained.at(torch.tensor(times, dtype=torch.float32)))


def align_your_steps(steps: int, denoise: float = 1.0, family: str = "SD1") -> Tensor:
    """Sabour et al. (2024), "Align Your Steps": the published sigmas, straight in the logarithm for other counts."""
    logs = torch.tensor(ALIGNED[family], dtype=torch.float64).log()
    at = torch.linspace(0, len(logs) - 1, steps + 1, dtype=torch.float64)
    low, high = at.floor().long(), at.ceil().long()
    sigmas = torch.lerp(logs[low], logs[high], at.frac()).exp().float()
    return to_zero(sigmas[:-1])[-(round(steps * denoise) + 1) :] if denoise > 0 else sigmas[:0]


def split(sigmas: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """The sigmas up to a step, and those from there on; both have the level in between."""
    return sigmas[: step + 1], sigmas[step:]


def split_for(sigmas: Tensor, denoise: float) -> tuple[Tensor, Tensor]:
    """Split so that the second part has this share of the steps."""
    steps = max(len(sigmas) - 1, 0)
    return split(sigmas, steps - round(steps * denoise))


def flipped(sigmas: Tensor) -> Tensor:
    """The same levels upwards, to add noise as a sampler takes it away."""
    up = sigmas.flip(0)
    return torch.where((torch.arange(len(up)) == 0) & (up == 0), ABOVE_ZERO, up)


def to_zero(sigmas: Tensor) -> Tensor:
    """With a last step to no noise at all."""
    return torch.cat([sigmas, sigmas.new_zeros(1)])
