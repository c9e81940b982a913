"""Adapters that come and go while a picture is made: a strength for every step of a run.

Written as ``0%: 1, 50%: 0.3``: at which share of the steps which strength begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from diffusion.errors import AdapterMismatch
from diffusion.handle import Applied, FileRef

KEYFRAME = re.compile(r"\s*([^\s%:]+)\s*%\s*:\s*(\S+)\s*")
ROUNDING = 1e-9
NEAR = 1e-4  # samplers that count in logarithms come to a level only nearly


@dataclass(frozen=True, slots=True)
class Keyframe:
    """From ``at``, a fraction of a run's steps, on: this strength."""

    at: float
    strength: float


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An adapter file whose strength follows keyframes, the first of them at 0."""

    adapter: FileRef
    keyframes: tuple[Keyframe, ...]
    gliding: bool = False
    """Whether strengths between two keyframes lie on the line between theirs, rather than stay."""
    options: tuple[tuple[str, str], ...] = ()

    @property
    def applied(self) -> Applied:
        """The adapter at strength 1, by which all its schedules know it."""
        return Applied(self.adapter, 1.0, self.options)

    def strength(self, moment: float) -> float:
        """The strength after a fraction of the steps."""
        before = [keyframe for keyframe in self.keyframes if keyframe.at <= moment + ROUNDING]
        start = before[-1]
        if not self.gliding or len(before) == len(self.keyframes):
            return start.strength
        end = self.keyframes[len(before)]
        share = (moment - start.at) / (end.at - start.at)
        return start.strength + share * (end.strength - start.strength)

    def along(self, sigmas: Sequence[float]) -> Course:
        """The strengths of a run's steps; step k of n begins at k / n. ``sigmas`` are those of the whole run."""
        steps = max(len(sigmas) - 1, 1)
        strengths = tuple(self.strength(step / steps) for step in range(steps))
        return Course(self.applied, strengths, tuple(sigmas[1:-1]))


@dataclass(frozen=True, slots=True)
class Course:
    """An adapter's strength at each step of one run."""

    applied: Applied
    strengths: tuple[float, ...]
    ends: tuple[float, ...]
    """The noise levels at which all steps but the last end."""

    def at(self, sigma: float) -> float:
        """The strength at a noise level: step k is where sigma lies in (σ[k + 1], σ[k]]."""
        step = next((step for step, end in enumerate(self.ends) if sigma > end * (1 + NEAR)), len(self.ends))
        return self.strengths[step]


def strengths_at(courses: Iterable[Course], sigma: float) -> dict[Applied, float]:
    """How strongly each adapter acts at a noise level. Strengths of the same one add up; zeros are left out."""
    total: dict[Applied, float] = {}
    for course in courses:
        total[course.applied] = total.get(course.applied, 0.0) + course.at(sigma)
    return {applied: strength for applied, strength in total.items() if strength}


def keyframes(text: str) -> tuple[Keyframe, ...]:
    """Keyframes from ``0%: 1, 50%: 0.3``, separated by commas or line ends. Raises AdapterMismatch."""
    parts = [part for part in re.split(r"[,\n]", text) if part.strip()]
    found = tuple(_keyframe(part) for part in parts)
    if not found or found[0].at != 0:
        raise AdapterMismatch(f"A schedule begins with its strength at 0%, as in '0%: 1, 50%: 0.3'; {text!r} does not.")
    if any(later.at <= earlier.at for earlier, later in pairwise(found)):
        raise AdapterMismatch(f"A schedule goes from less to more percent; {text!r} does not.")
    return found


def constant(frames: Iterable[Keyframe]) -> float | None:
    """The strength, where it is the same throughout."""
    strengths = {frame.strength for frame in frames}
    return strengths.pop() if len(strengths) == 1 else None


def _keyframe(part: str) -> Keyframe:
    read = KEYFRAME.fullmatch(part)
    try:
        at, strength = (float(number) for number in read.groups()) if read else (-1.0, 0.0)
    except ValueError:
        at = -1.0
    if not 0 <= at <= 100 or not isfinite(strength):
        raise AdapterMismatch(
            f"{part.strip()!r} in a schedule should be a part of the steps and the strength from there on, "
            "as in '50%: 0.3'."
        )
    return Keyframe(at / 100, strength)
