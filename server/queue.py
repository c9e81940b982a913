"""The queue of jobs. It is in the database alone: what was accepted survives whatever happens to any process."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, Literal, TypeVar

from server import recovery, turns
from server.acceptance import accept
from server.database import Database
from server.events import Hub, Message
from server.history import History
from server.jobs import Job, State, Waiting, WrongState
from server.leases import Leases
from server.pace import REMEMBERED, Pace
from server.records import Transaction, write_json
from server.recovery import Resume

T = TypeVar("T")
ARRIVALS = frozenset({"queued", "requeued", "resumed"})
ENDS = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})


class JobQueue(History):
    """Accepts jobs, hands them to workers, and remembers. Belongs to one event loop.

    Every method that changes something returns once that is on disk. ``hub`` tells it to those who listen.
    ``on_cancel`` is called with the id of a running job that somebody wants stopped.
    """

    def __init__(
        self,
        database: Database,
        resume: Resume = "auto",
        *,
        clock: Callable[[], float] = time.time,
        leases: Leases | None = None,
    ):
        super().__init__(database)
        self._resume, self._clock = resume, clock
        self._leases = Leases() if leases is None else leases
        self.paused, last, spent = database.write_from_thread(_standing)
        self._pace = Pace(spent)
        self.hub = Hub(lambda after, job, limit: self.events(after, job, limit), last)
        self.on_cancel: Callable[[str], None] = lambda job_id: None
        self.capacity: int | None = None
        """How many workers there are, or would be as soon as there is work; None where nobody said."""
        self._arrivals = 0
        self._arrived = asyncio.Event()

    async def submit(
        self,
        document_text: str,
        *,
        id: str | None = None,
        client: str = "",
        title: str = "",
        priority: int = 0,
        front: bool = False,
        order: float | None = None,
        key: str | None = None,
        digest: str | None = None,
        editor_text: str | None = None,
        targets: Sequence[str] | None = None,
        models: Iterable[str] = (),
        origin: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_attempts: int = 3,
    ) -> tuple[Job, bool]:
        """Accept a job; returns it and whether it is new: the same ``key`` again gives the same job.

        ``front`` goes before everybody of its priority, ``order`` says where among the client's own (lower goes
        first). Raises Conflict where the id is taken, and where the key was used for another ``digest``, which is
        that of document and targets if nothing else is given.
        """
        columns = {
            "id": id or str(uuid.uuid4()),
            "client": client,
            "priority": priority,
            "max_attempts": max_attempts,
            "title": title,
            "targets": None if targets is None else write_json(list(targets)),
            "models": write_json(sorted(set(models))),
            "origin": write_json(origin or {}),
            "timeout": timeout,
            "key": key,
            "digest": digest or _digest(document_text, targets),
            "document": document_text,
            "editor_text": editor_text,
        }
        return await self._change(lambda change: accept(change, columns, front=front, place=order))

    async def claim(self, worker: str, resident: Set[str] = frozenset(), device: str | None = None) -> Job | None:
        """The job that goes next on this worker, now its own until it is silent for too long; None where none waits.

        ``resident`` are the names of the models that the worker holds: a job that needs just these may go before a few
        others.
        """
        if self.paused:
            return None

        def take(change: Transaction) -> Job | None:
            number = turns.choose(change, resident)
            if number is None:
                return None
            job = change.job_numbered(number)
            turns.take_turn(change, number)
            change.update(
                job,
                state=State.RUNNING,
                attempt=job.attempt + 1,
                passed=0,
                worker=worker,
                device=device,
                started=change.now,
            )
            change.tell(job, "started", {"attempt": job.attempt + 1, "device": device})
            return change.job(job.id)

        return await self._change(take, lambda job: self._leases.grant(job.id, worker) if job else None)

    async def heartbeat(self, job_id: str, worker: str) -> bool:
        """Say that a job is still worked on. False where it is no longer this worker's: then it should stop."""
        return self._leases.renew(job_id, worker)

    async def record(
        self, job_id: str, events: Sequence[tuple[str, Mapping[str, Any]]], worker: str | None = None
    ) -> bool:
        """Keep what a running job reports. False, and nothing is kept, where it does not run, or not on ``worker``."""

        def keep(change: Transaction) -> bool:
            job = change.find(job_id)
            if job is None or not _is_held(job, worker):
                return False
            for kind, content in events:
                change.tell(job, kind, content)
                change.add_artifacts(job, content.get("artifacts", ()))
            return True

        return await self._change(keep)

    def volatile(self, job_id: str, kind: str, content: Mapping[str, Any], blob: bytes | None = None) -> None:
        """Tell those who listen now; of each node only the last of a kind counts."""
        self.hub.publish(Message(None, job_id, self._clock(), kind, content, blob))

    async def finish(self, job_id: str, worker: str, state: State, error: Mapping[str, Any] | None = None) -> bool:
        """End a job as its worker says. False, and nothing changes, where it is no longer this worker's."""
        assert state in ENDS, state

        def close(change: Transaction) -> float | None:
            job = change.find(job_id)
            if job is None or not _is_held(job, worker):
                return None
            change.tell(job, state.value, {"error": error} if error else {})
            described = write_json(error) if error else None
            change.update(job, state=state, finished=change.now, cancelling=0, error=described)
            return change.now - (job.started or change.now)

        seconds = await self._change(close)
        if seconds is None:
            return False
        self._leases.end(job_id)
        if state is State.SUCCEEDED:
            self._pace.add(seconds)
        return True

    async def lose(self, job_id: str, worker: str, reason: str) -> Job | None:
        """The worker died, as ``reason`` says in a sentence: its job goes on or not, by policy; returns it.

        None where the job was no longer its own.
        """
        return await self._take_back(
            job_id, worker, lambda change, job: recovery.lose(change, job, reason, self._resume)
        )

    async def give_back(self, job_id: str, worker: str, reason: str) -> Job | None:
        """The worker lets go of its job in good order: it waits again, and nothing is held against it."""
        return await self._take_back(job_id, worker, lambda change, job: recovery.give_back(change, job, reason))

    async def expire(self) -> list[Job]:
        """Take jobs from workers that were not heard of for too long; to be called now and then."""
        found = []
        for job_id, worker in self._leases.expired():
            job = await self.lose(job_id, worker, "The worker that ran it was not heard of any more.")
            found += [job] if job else []
        return found

    async def recover(self) -> list[Job]:
        """What a server does when it begins: decide on the jobs that were running when the last one ended."""
        return await self._change(lambda change: recovery.recover(change, self._resume))

    async def cancel(self, ids: Iterable[str] | None = None) -> list[str]:
        """Stop jobs, all waiting ones if none is named; returns the ids of those that this concerns.

        A running one is asked to stop and ends when its worker has.
        """
        wanted = None if ids is None else list(ids)

        def stop(change: Transaction) -> tuple[list[str], list[str]]:
            jobs = change.jobs_in(State.QUEUED) if wanted is None else filter(None, map(change.find, wanted))
            stopped, asked = [], []
            for job in jobs:
                if job.state is State.RUNNING and not job.cancelling:
                    change.update(job, cancelling=1)
                    change.tell(job, "cancelling")
                    asked.append(job.id)
                elif job.state in (State.QUEUED, State.INTERRUPTED):
                    recovery.end(change, job, State.CANCELLED)
                    stopped.append(job.id)
            return stopped, asked

        stopped, asked = await self._change(stop)
        for job_id in asked:
            self.on_cancel(job_id)
        return stopped + asked

    async def retry(self, job_id: str) -> Job:
        """Let a job that has ended without success run once more. Raises NoSuchJob, WrongState."""

        def again(change: Transaction) -> Job:
            job = change.job(job_id)
            if job.state not in (State.FAILED, State.CANCELLED, State.INTERRUPTED):
                raise WrongState(
                    f"Job {job_id!r} is {job.state}. Failed, cancelled and interrupted ones can be retried."
                )
            recovery.retry(change, job)
            return change.job(job_id)

        return await self._change(again)

    async def move(
        self,
        job_id: str,
        to: Literal["front", "back"] | None = None,
        *,
        before: str | None = None,
        priority: int | None = None,
    ) -> Job:
        """Let a waiting job go at another time. Raises NoSuchJob, and WrongState where one of them does not wait.

        ``front`` goes before everybody of its priority, ``back`` after all of its client, ``before`` directly before
        another job, in that one's line. A ``priority`` alone is another one's back.
        """

        def rearrange(change: Transaction) -> Job:
            job = change.waiting_job(job_id)
            if before is not None:
                other = change.waiting_job(before)
                if other.id == job.id:
                    return job
                level, line, place = turns.place_before(change, other.number)
            else:
                level = job.priority if priority is None else priority
                if to == "front":
                    line, place = turns.FRONT, turns.front_place(change, level)
                else:
                    line = turns.line_of(job.client)
                    place = turns.back_place(change, level, line, job.number)
            change.update(job, priority=level, line=line, place=place, passed=0)
            change.tell(job, "moved", {"priority": level})
            return change.job(job_id)

        return await self._change(rearrange)

    async def pause(self) -> None:
        """Begin no more jobs, until `resume`; also after a restart."""
        await self._set_paused(True)

    async def resume(self) -> None:
        """Begin jobs again."""
        await self._set_paused(False)

    async def forget(self, ids: Iterable[str] | None = None, older_than: float | None = None) -> list[str]:
        """Remove ended jobs from the history, those named or those that ended before a time; returns their ids.

        Their pictures stay where they are.
        """
        wanted = None if ids is None else list(ids)

        def remove(change: Transaction) -> list[str]:
            jobs = change.ended_before(older_than) if wanted is None else filter(None, map(change.find, wanted))
            ended = [job for job in jobs if job.state.ended]
            for job in ended:
                change.run("DELETE FROM job WHERE number = ?", (job.number,))
                change.tell(None, "forgotten", {"job": job.id})
            return [job.id for job in ended]

        return await self._change(remove)

    async def waiting(self, job_id: str) -> Waiting | None:
        """Where a waiting job stands and why it waits; None for one that does not wait."""

        def look(connection: sqlite3.Connection) -> tuple[int, list[float]] | None:
            change = Transaction(connection, self._clock())
            job = change.find(job_id)
            if job is None or job.state is not State.QUEUED:
                return None
            rows = change.run("SELECT started FROM job WHERE state = 'running'").fetchall()
            return turns.position(change, job.number), [change.now - row["started"] for row in rows]

        found = await self._database.read(look)
        return None if found is None else self._pace.waiting(*found, paused=self.paused, workers=self.capacity)

    @property
    def arrivals(self) -> int:
        """Counts what may have made a job claimable; see `arrival`."""
        return self._arrivals

    async def arrival(self, seen: int) -> None:
        """Wait until something may be claimable that was not when `arrivals` was ``seen``."""
        while self._arrivals == seen:
            await self._arrived.wait()

    async def _set_paused(self, paused: bool) -> None:
        def write(change: Transaction) -> None:
            change.run("INSERT OR REPLACE INTO flag VALUES ('paused', ?)", (str(int(paused)),))
            change.tell(None, "paused" if paused else "resumed")

        if paused != self.paused:
            self.paused = paused
            await self._change(write)

    async def _take_back(self, job_id: str, worker: str, decide: Callable[[Transaction, Job], None]) -> Job | None:
        def decide_if_held(change: Transaction) -> Job | None:
            job = change.find(job_id)
            if job is None or not _is_held(job, worker):
                return None
            decide(change, job)
            return change.job(job_id)

        job = await self._change(decide_if_held)
        if job is not None:
            self._leases.end(job_id)
        return job

    async def _change(self, change: Callable[[Transaction], T], then: Callable[[T], None] | None = None) -> T:
        """Change the database, then tell everybody; also when whoever asked does not wait any more."""
        told: list[Message] = []

        def within(connection: sqlite3.Connection) -> T:
            transaction = Transaction(connection, self._clock())
            result = change(transaction)
            told.extend(transaction.messages)
            return result

        def committed(result: T) -> None:
            if then is not None:
                then(result)
            for message in told:
                self.hub.publish(message)
            if any(message.type in ARRIVALS for message in told):
                self._arrivals += 1
                self._arrived.set()
                self._arrived = asyncio.Event()

        return await self._database.write(within, committed)


def _standing(connection: sqlite3.Connection) -> tuple[bool, int, list[float]]:
    """Whether the queue is paused, the number of the last event, and how long the last jobs took."""
    change = Transaction(connection, 0)
    spent = change.run(
        "SELECT finished - started AS spent FROM job WHERE state = 'succeeded' ORDER BY number DESC LIMIT ?",
        (REMEMBERED,),
    ).fetchall()
    paused = change.one("SELECT value FROM flag WHERE name = 'paused'") == "1"
    last = change.one("SELECT seq FROM sqlite_sequence WHERE name = 'event'") or 0
    return paused, last, [row["spent"] for row in reversed(spent)]


def _is_held(job: Job, worker: str | None) -> bool:
    return job.state is State.RUNNING and worker in (None, job.worker)


def _digest(document_text: str, targets: Sequence[str] | None) -> str:
    wanted = "" if targets is None else write_json(list(targets))
    return hashlib.sha256(f"{len(document_text)} {document_text}{wanted}".encode()).hexdigest()
