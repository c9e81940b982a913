"""When the forms of a prompt that changes while sampling act: steps of the run, as noise levels."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise

from diffusion.conditioning import Cond, Conditioning

STEPS = "steps"
"""In `Cond.extra`: the steps of the run at which an entry acts, counted from 0. Entries without it always act."""
NEAR = 1e-4  # samplers that count in logarithms come to a level only nearly
Levels = tuple[tuple[float, float], ...]
"""Ranges of sigma, the lower end not included."""


def levels(cond: Cond, prompt: Conditioning, sigmas: Sequence[float]) -> Levels | None:
    """The noise levels at which an entry of a prompt acts in a run along ``sigmas``; None for all of them.

    Step i is where sigma lies in (σ[i + 1], σ[i]]. What is above the first level belongs to the first step; a run of
    more steps than the prompt was encoded for keeps the last form to its end.
    """
    steps: Collection[int] | None = cond.extra.get(STEPS)
    if steps is None:
        return None
    last = max(max(entry.extra[STEPS], default=0) for entry in prompt.entries if STEPS in entry.extra)
    ranges = []
    for step, (high, low) in enumerate(pairwise(sigmas)):
        if min(step, last) in steps:
            ranges.append((low * (1 + NEAR) if low else -1.0, high * (1 + NEAR) if step else math.inf))
    return tuple(ranges)


def within(sigma: float, ranges: Levels | None) -> bool:
    """Whether a noise level lies in one of the ranges."""
    return ranges is None or any(low < sigma <= high for low, high in ranges)
