"""A device, the process that works there when there is work, and the job it runs."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from server.attempt import Attempt, insist
from server.database import DatabaseError
from server.jobs import Job, QueueError, State
from server.protocol import Frame
from server.queue import JobQueue
from server.workers import WorkerProcess

LOG = logging.getLogger(__name__)
PATIENT = 7  # deaths after which the pause before the next process grows no longer: it is a minute then
Publish = Callable[[str, str, Mapping[str, Any]], Awaitable[str]]
"""(job, worker, file) → the name of a file that the job has saved, as `server.ledger.Ledger.publish`."""


@dataclass(frozen=True)
class Patience:
    """Seconds."""

    yielding: float = 10.0
    """For a job to stop when it is asked to, before its process is killed."""
    starting: float = 120.0
    """For a process to say that it is ready."""
    asking: float = 5.0
    """For an idle worker to answer a question."""
    ending: float = 5.0
    """For an idle process to end."""
    glance: float = 1.0
    """Between two looks at what takes too long."""


@dataclass(frozen=True)
class Rules:
    """What holds for all workplaces of a pool."""

    publish: Publish
    job_timeout: float | None = None
    """For jobs that name none themselves."""
    warm: bool = False
    """Whether processes are started, and torch imported, before there is work."""
    patience: Patience = Patience()


class Workplace:
    """Takes one job after the other from the queue. Its process is started for the first one and lives on."""

    def __init__(
        self,
        queue: JobQueue,
        device: str,
        command: Sequence[str],
        rules: Rules,
        log: deque[str],
        is_needed: Callable[[], Awaitable[bool]],
    ):
        """``is_needed`` says whether a process should be started; between its answer and `state` nothing happens."""
        self.device, self.state, self.trouble = device, "off", ""
        self._queue, self._command, self._rules, self._log, self._is_needed = queue, command, rules, log, is_needed
        self._process: WorkerProcess | None = None
        self._ready: asyncio.Future[str] | None = None
        self._attempt: Attempt | None = None
        self._ended: asyncio.Future[Mapping[str, Any]] | None = None
        self._questions: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._woken, self._closing = asyncio.Event(), False
        self._deaths, self._restarts, self._previews = 0, 0, False
        self._beat: Mapping[str, Any] = {}

    @property
    def job(self) -> str | None:
        """The job that runs here."""
        return self._attempt.job.id if self._attempt else None

    @property
    def resident(self) -> frozenset[str]:
        """The model files whose weights are on the device."""
        return frozenset(self._beat.get("resident", ()))

    @property
    def _real_device(self) -> str:
        """What ``auto`` turned out to be, once a model was used."""
        device = self._beat.get("device") or {}
        return str(device.get("device", self.device))

    def describe(self) -> dict[str, Any]:
        """For people and programs."""
        device = self._beat.get("device") or {}
        return {
            "device": self.device,
            "name": device.get("name"),
            "state": self.state,
            "trouble": self.trouble or None,
            "job": self.job,
            "pid": self._process.pid if self._process else None,
            "restarts": self._restarts,
            "resident": sorted(self.resident),
            "rss": self._beat.get("rss"),
            "vram": device.get("weights"),
            "memory": {"total": device.get("total"), "free": device.get("free")},
            "torch": device.get("torch"),
        }

    async def work(self) -> None:
        """Take jobs until `close`."""
        while not self._closing:
            self._woken.clear()
            if self._process is not None and self._process.gone.done():
                self._bury(self._process)
            if self._process is None:
                await self._rest()
                if not self._rules.warm and not await self._is_needed():
                    self.state = "broken" if self.trouble else "off"
                    await self._woken.wait()
                    continue
            process = await self._begin()
            if process is None or self._closing:
                continue
            self.state = "idle"
            job = await insist(lambda: self._queue.claim(self.device, self.resident, self._real_device))
            if job is not None:
                await self._run(process, job)
            else:
                await self._woken.wait()

    def wake(self) -> None:
        """There may be something to do."""
        self._woken.set()

    def close(self) -> None:
        """Take no more jobs, and stop the one that runs: it goes back into the queue."""
        self._closing = True
        self._woken.set()
        self._ask_to_stop()
        if self.state == "starting" and self._process is not None:
            self._process.kill("is not needed any more")

    async def end(self) -> None:
        """End the process, once `work` has returned."""
        if self._process is not None:
            await self._process.stop(self._rules.patience.ending)

    def abandon(self) -> None:
        """Begin anew without process and job, after a fault of our own; the job's lease will expire."""
        if self._process is not None:
            self._process.kill("was ended after a fault of the server")
        self._process = self._attempt = self._ended = None
        self._beat = {}

    def cancel(self, job: str) -> None:
        """Stop this job, if it runs here."""
        if self.job == job:
            self._ask_to_stop()

    def give_up(self, job: str) -> None:
        """This job's lease has expired: its process does not answer any more."""
        if self.job == job and self._process is not None:
            self._process.kill("was not heard of any more")

    def free(self, *, models: bool, cache: bool) -> None:
        """Let go of models, and of outputs kept in memory; after the job that runs, if one does."""
        if self._process is not None:
            self._process.send("free", models=models, cache=cache)

    async def explain(self, document: str, targets: Sequence[str] | None) -> Mapping[str, Any] | None:
        """What would run, by node, as the process knows it; None where it does not answer soon."""
        if self._process is None or self.state != "idle":
            return None
        number = next(self._numbers)
        answer = self._questions[number] = asyncio.get_running_loop().create_future()
        self._process.send("explain", request=number, document=document, targets=targets)
        try:
            found = (await asyncio.wait_for(answer, self._rules.patience.asking)).get("nodes")
        except TimeoutError:
            return None
        finally:
            del self._questions[number]
        return found if isinstance(found, dict) else None

    # The process

    async def _begin(self) -> WorkerProcess | None:
        """The process, started where there is none; None where it does not start, and `trouble` says why."""
        if self._process is not None:
            return self._process
        self.state, self._previews = "starting", False
        ready = self._ready = asyncio.get_running_loop().create_future()
        patience = self._rules.patience.starting
        try:
            process = self._process = await WorkerProcess.start(self._command, self._hear, self._log)
        except OSError as error:
            self._fail(f"cannot be started: {error.strerror or error}")
            return None
        process.gone.add_done_callback(lambda _: self.wake())
        if await either(ready, process.gone, 0 if self._closing else patience) and not ready.result():
            self.trouble = ""
            if self._rules.warm:
                process.send("warm")
            return process
        process.kill(f"did not begin within {patience:g} seconds")
        await asyncio.wait({process.gone})
        self._process = None
        self._fail(ready.result() if ready.done() else process.epitaph)
        return None

    def _fail(self, why: str) -> None:
        self._deaths += 1
        self.state, self.trouble = "broken", f"The worker on {self.device} {why}."
        if not self._closing:
            LOG.error("%s", self.trouble)

    async def _rest(self) -> None:
        """Wait before the next process is started, the longer the more have died without having ended a job."""
        pause = 2.0 ** (min(self._deaths, PATIENT) - 1) - 1
        until = time.monotonic() + pause
        while not self._closing and (left := until - time.monotonic()) > 0:
            self._woken.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), left)

    def _bury(self, process: WorkerProcess) -> str:
        """Forget a process that has ended; returns what became of it, as a sentence."""
        if (error := process.gone.exception()) is not None:
            LOG.error("The server could not take in what a worker said.", exc_info=error)
        self._process, self._beat, self.state = None, {}, "off"
        self._deaths += 1
        self._restarts += 1
        sentence = f"The worker on {self.device} {process.epitaph}."
        LOG.warning("%s", sentence)
        return sentence

    async def _hear(self, frame: Frame) -> None:
        """Take in one message of the process; the next is read when this returns."""
        message = frame.message
        ours = self._attempt if message.get("job") == self.job else None
        match frame.kind:
            case "event" if ours is not None:
                await ours.hear(message["type"], message["data"], frame.blob)
            case "heartbeat":
                self._beat = message
                if ours is not None and not await self._queue.heartbeat(ours.job.id, self.device):
                    self.give_up(ours.job.id)
            case "publish":
                await self._publish(message)
            case "ended" if ours is not None and self._ended is not None:
                self._beat = {**self._beat, "resident": message["resident"]}
                self._ended.set_result(message)
            case "explained":
                if (question := self._questions.get(message["request"])) is not None and not question.done():
                    question.set_result(message)
            case "ready" | "refused" if self._ready is not None and not self._ready.done():
                self._ready.set_result(str(message.get("reason", "")))

    async def _publish(self, message: Mapping[str, Any]) -> None:
        answer: dict[str, Any]
        try:
            answer = {"name": await self._rules.publish(message["job"], self.device, message["file"])}
        except (QueueError, DatabaseError) as error:
            answer = {"error": str(error)}
        if self._process is not None:
            self._process.send("published", request=message["request"], **answer)

    # The job

    async def _run(self, process: WorkerProcess, job: Job) -> None:
        limit = self._rules.job_timeout if job.timeout is None else job.timeout
        attempt = self._attempt = Attempt(self._queue, job, self.device, limit)
        ended = self._ended = asyncio.get_running_loop().create_future()
        self.state = "running"
        process.send("run", job=job.id, document=job.document, editor_text=job.editor_text, targets=job.targets)
        if self._closing:
            self._ask_to_stop()
        while not ended.done() and not process.gone.done():
            self._look_after(process, attempt)
            await either(ended, process.gone, self._rules.patience.glance)
        if ended.done():
            self._deaths = 0
            await attempt.end(State(ended.result()["state"]), ended.result()["error"])
        else:
            reason = self._bury(process)
            await (attempt.give_back() if self._closing and attempt.asked else attempt.lose(reason))
        self._attempt = self._ended = None
        if ended.done() and ended.result()["spent"]:
            await process.stop(self._rules.patience.ending)

    def _look_after(self, process: WorkerProcess, attempt: Attempt) -> None:
        """What is done now and then while a job runs."""
        if (watched := self._queue.hub.is_watched(attempt.job.id)) is not self._previews:
            self._previews = watched
            process.send("watch", previews=watched)
        if attempt.asked is None and attempt.is_late():
            attempt.overdue = True
            self._ask_to_stop()
        longest = self._rules.patience.yielding
        if attempt.asked is not None and time.monotonic() - attempt.asked > longest:
            process.kill(f"did not stop within {longest:g} seconds of being asked to and was ended")

    def _ask_to_stop(self) -> None:
        if self._attempt is not None and self._process is not None and self._attempt.asked is None:
            self._attempt.asked = time.monotonic()
            self._process.send("cancel", job=self._attempt.job.id)


async def either(first: asyncio.Future[Any], second: asyncio.Future[Any], patience: float) -> bool:
    """Wait for one of two, so many seconds at most; whether the first is done."""
    both: set[asyncio.Future[Any]] = {first, second}
    await asyncio.wait(both, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    return first.done()
