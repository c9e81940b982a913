"""What is left when processes are killed at random moments, again and again."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from server.database import Database
from server.jobs import Job, State
from server.queue import JobQueue
from server.schema import QUEUE
from tests.server.light_site import FORKING, ITEMS, serve

ROUNDS = 100
QUIET = 5.0  # seconds without any message
PATIENCE = 60.0  # seconds for everything to end when nobody is killed any more


class Driver:
    """Starts the server, gives it jobs, and kills it, its worker, or both."""

    def __init__(self, base: Path, seed: int):
        self.base, self.random = base, random.Random(seed)
        self.submitted: list[str] = []
        self.accepted: set[str] = set()
        self.kills: Counter[str] = Counter()
        self.worker: int | None = None
        self.process = None

    def start(self) -> None:
        """Start the server on what the last one left."""
        self.channel, theirs = FORKING.Pipe()
        self.process = FORKING.Process(target=serve, args=(self.base, theirs))
        self.process.start()
        theirs.close()

    def submit(self, count: int) -> None:
        """Hand in new jobs, and again those that nobody said were accepted."""
        fresh = [f"job {len(self.submitted) + number:04}" for number in range(count)]
        self.submitted += fresh
        for job_id in [job_id for job_id in self.submitted if job_id not in self.accepted]:
            self.channel.send(("submit", job_id, f"text of {job_id}"))

    def hear(self, ticks: int) -> None:
        """Listen until so much has happened, or everything that was handed in."""
        idle = False
        while ticks > 0 and not (idle and self.accepted == set(self.submitted)) and self.channel.poll(QUIET):
            kind, said = self.channel.recv()
            idle = kind == "idle" or (idle and kind == "accepted")
            if kind == "accepted":
                self.accepted.add(said)
            elif kind == "worker":
                self.worker = said
            ticks -= 1

    def kill(self, whom: str) -> None:
        """Kill at once, without a word."""
        self.kills[whom] += 1
        pids = {"server": [self.process.pid], "worker": [self.worker], "both": [self.process.pid, self.worker]}[whom]
        for pid in pids:
            if pid is not None:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    self.kills["late"] += 1
        if whom != "worker":
            self.process.join()
            self.drain()
            self.process = self.worker = None

    def drain(self) -> None:
        """What it said before it died counts."""
        try:
            while self.channel.poll(0):
                kind, said = self.channel.recv()
                if kind == "accepted":
                    self.accepted.add(said)
        except (EOFError, OSError):
            pass
        self.channel.close()

    def stop(self) -> None:
        """Let the server end in good order."""
        if self.process is not None:
            self.channel.close()
            self.process.join()
            self.process = self.worker = None


def look(base: Path) -> tuple[list[Job], dict[str, list[str]], dict[str, list[str]]]:
    """Jobs, the types of their events and the names of their files, as the database has them."""
    database = Database(base / "state/server.sqlite", (QUEUE,))

    async def read():
        queue = JobQueue(database)
        jobs, _ = await queue.jobs(limit=100_000)
        events = {job.id: [message.type for message in await queue.events(job=job.id)] for job in jobs}
        return jobs, events, {job.id: [output.name for output in await queue.outputs(job.id)] for job in jobs}

    try:
        return asyncio.run(read())
    finally:
        database.close()


def finish_everything(driver: Driver) -> None:
    """Without further kills, and with a person who resumes what waits for one, everything comes to its end."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        if driver.process is None:
            driver.start()
        driver.submit(0)
        driver.hear(100_000)
        driver.stop()
        jobs, _, _ = look(driver.base)
        unfinished = [job for job in jobs if job.state is not State.SUCCEEDED]
        if not unfinished and len(jobs) == len(driver.submitted):
            return
        driver.start()
        for job in unfinished:
            if job.state.ended:
                driver.channel.send(("retry", job.id))
    raise AssertionError(f"{len(unfinished)} of {len(jobs)} jobs do not end, {len(driver.submitted)} were submitted")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed as POSIX does it")
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_repeated_or_doubled_whatever_is_killed(tmp_path, seed):
    driver = Driver(tmp_path, seed)
    try:
        for _ in range(ROUNDS // 4):
            if driver.process is None:
                driver.start()
            driver.submit(driver.random.randint(1, 3))
            driver.hear(driver.random.randint(1, 40))
            time.sleep(driver.random.uniform(0, 0.003))
            driver.kill(driver.random.choice(["server", "worker", "both"]))
        finish_everything(driver)
    finally:
        if driver.process is not None:
            driver.kill("both")

    jobs, events, names = look(tmp_path)
    assert {job.id for job in jobs} == set(driver.submitted) >= driver.accepted
    for job in jobs:
        told = events[job.id]
        assert told.count("queued") == told.count("succeeded") == 1
        assert told[-1] == "succeeded", "what has finished is not begun again"
        assert told.count("started") == job.attempt
        assert len(names[job.id]) == ITEMS
    files = [path for path in (tmp_path / "output/said").iterdir() if not path.name.startswith(".pending")]
    saved = Counter(path.read_text().partition("\n")[0] for path in files)
    assert set(saved.values()) == {1}, "no file is there twice"
    assert len(files) == ITEMS * len(jobs)
    assert {f"said/{path.name}" for path in files} == {name for some in names.values() for name in some}
