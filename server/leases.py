"""Who is running which job, as long as they say so."""

from __future__ import annotations

import time
from collections.abc import Callable

LEASE = 30.0  # seconds without a heartbeat after which a worker is taken for dead


class Leases:
    """Leases by job. They live in memory: workers end with the server, and a clock that stands still while the
    machine sleeps takes nobody's job away."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, length: float = LEASE):
        self._clock, self._length = clock, length
        self._held: dict[str, tuple[str, float]] = {}

    def grant(self, job_id: str, worker: str) -> None:
        self._held[job_id] = (worker, self._clock() + self._length)

    def renew(self, job_id: str, worker: str) -> bool:
        """Whether the worker still has the job; then it has it for another while."""
        held = self._held.get(job_id)
        if held is None or held[0] != worker:
            return False
        self.grant(job_id, worker)
        return True

    def end(self, job_id: str) -> None:
        self._held.pop(job_id, None)

    def expired(self) -> list[tuple[str, str]]:
        """Jobs and workers that were not heard of."""
        now = self._clock()
        return [(job_id, worker) for job_id, (worker, until) in self._held.items() if until < now]
