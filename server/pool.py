"""The workers: one process per device, started when there is work and again when it has died."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from server.attempt import insist
from server.queue import JobQueue
from server.workers import LINES
from server.workplace import Rules, Workplace

LOG = logging.getLogger(__name__)
PAUSE = 1.0  # seconds before a workplace begins anew
EXPIRY = 5.0  # seconds between two looks for workers that are silent


class Pool:
    """Runs the jobs of a queue on devices. Belongs to one event loop."""

    def __init__(self, queue: JobQueue, devices: Sequence[str], command: Callable[[str], Sequence[str]], rules: Rules):
        """``command`` starts the worker of a device."""
        self.log: deque[str] = deque(maxlen=LINES)
        """What the workers' processes wrote last, the newest last."""
        self._queue = queue
        self._places = [
            Workplace(queue, device, command(device), rules, self.log, self._is_short_of_workers) for device in devices
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take jobs from now on."""
        self._queue.capacity = len(self._places)
        self._queue.on_cancel = self._cancel
        work = [self._work(place) for place in self._places]
        self._tasks = [asyncio.create_task(task) for task in (*work, self._watch_arrivals(), self._watch_leases())]

    async def stop(self) -> None:
        """Stop what runs, which goes back into the queue, and end all processes."""
        for place in self._places:
            place.close()
        working, watching = self._tasks[: len(self._places)], self._tasks[len(self._places) :]
        await asyncio.gather(*working)
        for task in watching:
            task.cancel()
        await asyncio.gather(*(place.end() for place in self._places))

    def workers(self) -> list[dict[str, Any]]:
        """Each with ``device, name, state, trouble, job, pid, restarts, resident, rss, vram, memory, torch``.

        ``state`` is off, starting, idle, running or broken; ``trouble`` is a sentence.
        """
        return [place.describe() for place in self._places]

    async def free(self, *, models: bool, cache: bool) -> None:
        """Let go of models, of outputs kept in memory, or both, as soon as nothing runs."""
        for place in self._places:
            place.free(models=models, cache=cache)

    async def explain(self, document: str, targets: Sequence[str] | None = None) -> Mapping[str, Any] | None:
        """What would run of a document, by node, from what an idle worker holds in memory; None where none is idle."""
        for place in self._places:
            if (found := await place.explain(document, targets)) is not None:
                return found
        return None

    async def _work(self, place: Workplace) -> None:
        while True:
            try:
                await place.work()
                return
            except Exception:  # one place that is at fault must not leave its device idle for good
                LOG.exception("The worker on %s is begun anew, after a fault of the server.", place.device)
                place.abandon()
            await asyncio.sleep(PAUSE)

    async def _is_short_of_workers(self) -> bool:
        """Whether more jobs wait than there are workers about to take one."""
        if self._queue.paused:
            return False
        waiting = await insist(lambda: self._queue.queued(limit=len(self._places)))
        return len(waiting) > sum(place.state in ("starting", "idle") for place in self._places)

    def _cancel(self, job_id: str) -> None:
        for place in self._places:
            place.cancel(job_id)

    async def _watch_arrivals(self) -> None:
        while True:
            seen = self._queue.arrivals
            for place in self._places:
                place.wake()
            await self._queue.arrival(seen)

    async def _watch_leases(self) -> None:
        while True:
            await asyncio.sleep(EXPIRY)
            self._queue.capacity = sum(place.state != "broken" for place in self._places)
            for job in await insist(self._queue.expire):
                for place in self._places:
                    place.give_up(job.id)
