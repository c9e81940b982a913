"""How long jobs take, judged by the last ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from statistics import median

from server.jobs import Waiting

REMEMBERED = 20


class Pace:
    """The seconds that recent jobs took, and what follows for those that wait."""

    def __init__(self, seconds: Iterable[float]):
        self._seconds = deque(seconds, REMEMBERED)

    def add(self, seconds: float) -> None:
        self._seconds.append(seconds)

    def waiting(self, position: int, running: Sequence[float], *, paused: bool, workers: int | None) -> Waiting:
        """Why the job at a position waits, where ``running`` are the ages of the jobs that run now."""
        if paused:
            return Waiting(position, None, "the queue is paused")
        if workers == 0:
            return Waiting(position, None, "no worker is running")
        if position > 1:
            reason = f"{position - 1} job{'s' if position > 2 else ''} before it"
        else:
            reason = "it is next" if running else "it is about to start"
        return Waiting(position, self._until_start(position, running, workers or max(1, len(running))), reason)

    def _until_start(self, position: int, running: Sequence[float], workers: int) -> float | None:
        """Seconds until the job at a position starts, where ``running`` are the ages of those that run now.

        None where no job was seen yet. With several workers it is what would be if work divided evenly. One that runs
        for longer than usual may take as long again as it is late.
        """
        if not self._seconds:
            return None
        usual = median(self._seconds)
        remaining = [abs(usual - age) for age in running]
        free = workers - len(remaining)
        if position <= free:
            return 0.0
        return (sum(remaining) + (position - 1 - max(free, 0)) * usual) / workers
