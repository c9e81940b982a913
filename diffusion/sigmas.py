"""The noise levels a network was trained at, and the way between them, its times and fractions of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class TrainedSigmas:
    """The standard deviation of the noise at each training time, rising. On the CPU."""

    exact: Tensor  # (T,) float64
    every: int = 1
    """Training times from one level to the next: more than 1 for a network distilled to fewer times."""

    @cached_property
    def values(self) -> Tensor:
        return self.exact.float()  # (T,)

    @cached_property
    def logs(self) -> Tensor:
        return self.exact.log().float()  # (T,)

    @property
    def lowest(self) -> Tensor:
        return self.values[0]

    @property
    def highest(self) -> Tensor:
        return self.values[-1]

    def __len__(self) -> int:
        return len(self.exact)

    def time(self, sigma: Tensor) -> Tensor:
        """The training time whose noise level is nearest in the logarithm. Returns: () int64."""
        return (self.logs - sigma.log()).abs().argmin() * self.every + self.every - 1

    def at(self, time: Tensor) -> Tensor:
        """The noise level at times that may lie between two training times; straight in the logarithm."""
        place = ((time - (self.every - 1)) / self.every).clamp(0, len(self) - 1)
        low, high = place.floor().long(), place.ceil().long()
        return ((1 - place.frac()) * self.logs[low] + place.frac() * self.logs[high]).exp()

    def times(self, count: int) -> Tensor:
        """Times evenly spaced from the highest level's to the lowest's. Returns: (count,)."""
        return torch.linspace(float(self.time(self.highest)), float(self.time(self.lowest)), count)

    def at_percent(self, percent: float) -> float:
        """The noise level after this fraction of the training times: 0 is before everything, 1 after everything."""
        if percent <= 0:
            return math.inf
        if percent >= 1:
            return 0.0
        return float(self.at(torch.tensor((1 - percent) * (len(self) * self.every - 1))))


def scaled_linear(times: int = 1000, first: float = 0.00085, last: float = 0.012) -> TrainedSigmas:
    """Rombach et al. (2022): betas whose square roots are evenly spaced, as SD 1.x, 2.x and SDXL were trained."""
    betas = torch.linspace(first**0.5, last**0.5, times, dtype=torch.float64) ** 2
    kept = torch.cumprod(1 - betas, 0)  # the share of the picture's variance still there
    return TrainedSigmas(((1 - kept) / kept).sqrt())


def distilled(trained: TrainedSigmas, times: int = 50) -> TrainedSigmas:
    """Luo et al. (2023), "Latent Consistency Models": only every n-th training time was kept, to the highest."""
    every = len(trained) // times
    return TrainedSigmas(trained.exact[every - 1 :: every], every)


def zero_terminal_snr(trained: TrainedSigmas) -> TrainedSigmas:
    """Lin et al. (2023), algorithm 1: shift and scale so that the last time is nothing but noise.

    The last level would be infinite; it stays at a signal share of 2⁻²⁴·0.82, about 4500, as the ecosystem has it.
    """
    root = (1 / (trained.exact**2 + 1)).sqrt()  # √ᾱ
    root = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    kept = root**2
    kept[-1] = 4.8973451890853435e-08
    return TrainedSigmas(((1 - kept) / kept).sqrt())
