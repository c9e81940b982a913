"""One attempt of a job on one worker: what is recorded of it, what stops it, and what its end means."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from server.database import DatabaseError
from server.jobs import Job, State
from server.queue import JobQueue

T = TypeVar("T")
Event = tuple[str, Mapping[str, Any]]
LOG = logging.getLogger(__name__)
BEHIND = 2000  # events not yet on disk, above which no more are read from the worker
LONGEST_PAUSE = 10.0  # seconds between two tries to write what must not be lost


@dataclass(eq=False)
class Attempt:
    """A job that a worker has begun. It comes to its end by exactly one of `end`, `lose` and `give_back`."""

    queue: JobQueue
    job: Job
    worker: str
    limit: float | None = None
    """Seconds that it may take."""
    began: float = field(default_factory=time.monotonic)
    asked: float | None = None
    """When it was asked to stop."""
    overdue: bool = False
    _events: list[Event] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None

    async def hear(self, kind: str, said: Mapping[str, Any], blob: bytes) -> None:
        """Take in an event: progress goes to those who watch, everything else is kept, in order."""
        if kind in ("progress", "preview"):
            self.queue.volatile(self.job.id, kind, said, blob or None)
            return
        self._events.append((kind, said))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        if len(self._events) >= BEHIND:
            await self._writing

    def is_late(self) -> bool:
        """Whether it has taken longer than it may."""
        return self.limit is not None and time.monotonic() - self.began > self.limit

    async def end(self, state: State, error: Mapping[str, Any] | None) -> None:
        """It ended as its worker says."""
        if state is State.CANCELLED and self.overdue:
            state, error = State.FAILED, self._lateness()
        elif state is State.CANCELLED and not await self._is_unwanted():
            await self.give_back()
            return
        events = await self._rest()
        await insist(lambda: self._conclude(events, state, error))

    async def lose(self, reason: str) -> None:
        """Its worker died, for this reason, as a sentence."""
        events = await self._rest()
        if self.overdue:
            await insist(lambda: self._conclude(events, State.FAILED, self._lateness()))
            return
        await self._record(events)
        await insist(lambda: self.queue.lose(self.job.id, self.worker, reason))

    async def give_back(self) -> None:
        """The server ends before it does: it goes on later, and nothing is held against it."""
        events = await self._rest()
        await self._record(events)
        await insist(lambda: self.queue.give_back(self.job.id, self.worker, "The server ended while it ran."))

    async def _conclude(self, events: list[Event], state: State, error: Mapping[str, Any] | None) -> None:
        """The last events, then the end; written together they share a commit."""
        recorded = [self.queue.record(self.job.id, events, self.worker)] if events else []
        await asyncio.gather(*recorded, self.queue.finish(self.job.id, self.worker, state, error))

    async def _is_unwanted(self) -> bool:
        """Whether a person asked to stop it, rather than the server."""
        job = await insist(lambda: self.queue.job(self.job.id))
        return job is None or job.cancelling

    def _lateness(self) -> dict[str, Any]:
        return {"message": f"it took longer than it may, which is {self.limit:g} seconds", "type": "timeout"}

    async def _rest(self) -> list[Event]:
        """The events that are not on disk yet, when all before them are."""
        rest, self._events = self._events, []
        if self._writing is not None:
            await self._writing
        return rest

    async def _write(self) -> None:
        """Write what has come, and what has come meanwhile, all that there is at once."""
        while batch := self._events:
            self._events = []
            await self._record(batch)

    async def _record(self, batch: list[Event]) -> None:
        await insist(lambda: self.queue.record(self.job.id, batch, self.worker))


async def insist(action: Callable[[], Awaitable[T]]) -> T:
    """Do what must not be lost, again and again while the disk is full or the database locked."""
    pause = 0.5
    while True:
        try:
            return await action()
        except DatabaseError as error:
            LOG.error("%s Trying again in %g s.", error, pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
