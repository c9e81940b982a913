"""Any sequence of what people, workers and crashes do, against a model of a few lists."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from server.database import Database
from server.jobs import State
from server.queue import JobQueue
from server.schema import QUEUE

FRONT = "front"
MEMORY = "/dev/shm"  # where there is one, syncing costs nothing
CLIENTS = st.sampled_from(["a", "b", "c"])
PRIORITIES = st.sampled_from([0, 0, 0, 1])
MODELS = st.sampled_from([(), ("m",), ("x",)])


@dataclass
class Expected:
    """What should be known of a job."""

    number: int
    client: str
    priority: int
    line: str
    place: Fraction
    models: tuple[str, ...]
    state: State = State.QUEUED
    attempt: int = 0
    deaths: int = 0
    passed: int = 0
    cancelling: bool = False
    told: list[str] = field(default_factory=lambda: ["queued"])


class Model:
    """Jobs by id, and whose turn it is: the lines of each priority, the next one first."""

    def __init__(self) -> None:
        self.jobs: dict[str, Expected] = {}
        self.rings: dict[int, list[str]] = {}

    def waiting(self, priority: int, line: str) -> list[str]:
        found = [
            (job.place, job.number, job_id)
            for job_id, job in self.jobs.items()
            if job.state is State.QUEUED and (job.priority, job.line) == (priority, line)
        ]
        return [job_id for _, _, job_id in sorted(found)]

    def settle(self) -> None:
        """Lines in which nobody waits leave, new ones join at the end."""
        lines = {(job.priority, job.line) for job in self.jobs.values() if job.state is State.QUEUED}
        for priority, ring in self.rings.items():
            ring[:] = [line for line in ring if (priority, line) in lines]
        for priority, line in sorted(lines):
            if line != FRONT and line not in self.rings.setdefault(priority, []):
                self.rings[priority].append(line)

    def order(self) -> list[str]:
        """All that wait, as they go."""
        found = []
        for priority in sorted({job.priority for job in self.jobs.values()}, reverse=True):
            found += self.waiting(priority, FRONT)
            lines = [self.waiting(priority, line) for line in self.rings.get(priority, [])]
            while lines := [line for line in lines if line]:
                found += [line.pop(0) for line in lines]
        return found

    def choose(self, resident: set[str]) -> str | None:
        order = self.order()
        if not order:
            return None
        first = self.jobs[order[0]]
        if first.line == FRONT or not resident:
            return order[0]
        ahead = [job_id for job_id in order[:8] if self.jobs[job_id].priority == first.priority]
        for place, job_id in enumerate(ahead):
            models = set(self.jobs[job_id].models)
            if self.jobs[job_id].passed >= 3 or (models and models <= resident):
                for passed in ahead[:place]:
                    self.jobs[passed].passed += 1
                return job_id
        return order[0]

    def take(self, job_id: str) -> None:
        job = self.jobs[job_id]
        ring = self.rings.get(job.priority, [])
        if job.line in ring:
            ring.remove(job.line)
            ring.append(job.line)
        job.state, job.passed, job.attempt = State.RUNNING, 0, job.attempt + 1
        job.told.append("started")

    def lose(self, job_id: str) -> None:
        job = self.jobs[job_id]
        if job.cancelling:
            self.end(job_id, State.CANCELLED)
            return
        job.deaths += 1
        if job.deaths >= 3:
            self.end(job_id, State.FAILED)
        elif job.deaths == 2:
            self.end(job_id, State.INTERRUPTED)
        else:
            self.wait_again(job_id)

    def wait_again(self, job_id: str) -> None:
        self.jobs[job_id].state = State.QUEUED
        self.jobs[job_id].told.append("requeued")

    def end(self, job_id: str, state: State) -> None:
        job = self.jobs[job_id]
        job.state, job.cancelling = state, False
        job.told.append(state.value)

    def put_back(self, job_id: str, priority: int) -> None:
        job = self.jobs[job_id]
        line = self.waiting(priority, job.client)
        last = self.jobs[line[-1]].place + 1 if line else Fraction(job.number)
        job.priority, job.line, job.place = priority, job.client, max(last, Fraction(job.number))

    def put_front(self, job_id: str) -> None:
        job = self.jobs[job_id]
        line = self.waiting(job.priority, FRONT)
        job.place = self.jobs[line[0]].place - 1 if line else Fraction(0)
        job.line = FRONT

    def put_before(self, job_id: str, other_id: str) -> None:
        job, other = self.jobs[job_id], self.jobs[other_id]
        line = self.waiting(other.priority, other.line)
        index = line.index(other_id)
        job.place = (self.jobs[line[index - 1]].place + other.place) / 2 if index else other.place - 1
        job.priority, job.line = other.priority, other.line


class Interleavings(RuleBasedStateMachine):
    """Every rule does one thing to the queue and the same to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if Path(MEMORY).is_dir() else None)
        self.loop = asyncio.new_event_loop()
        self.model, self.paused = Model(), False
        self.open()

    def open(self) -> None:
        self.database = Database(Path(self.folder.name) / "s.sqlite", (QUEUE,))
        self.queue = JobQueue(self.database)

    def teardown(self) -> None:
        self.database.close()
        self.loop.close()
        self.folder.cleanup()

    def do(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def some(self, data: st.DataObject, *states: State) -> str | None:
        found = sorted(job_id for job_id, job in self.model.jobs.items() if job.state in states)
        return data.draw(st.sampled_from(found)) if found else None

    @rule(client=CLIENTS, priority=PRIORITIES, models=MODELS, front=st.sampled_from([False, False, True]))
    def submit(self, client, priority, models, front):
        number = len(self.model.jobs) + 1
        job_id = f"job {number:03}"
        self.do(
            self.queue.submit("{}", id=job_id, client=client, priority=priority, models=models, front=front, key=job_id)
        )
        expected = self.model.jobs[job_id] = Expected(number, client, priority, client, Fraction(0), models)
        expected.state = State.INTERRUPTED  # it does not wait yet while its place is looked for
        self.model.put_front(job_id) if front else self.model.put_back(job_id, priority)
        expected.state = State.QUEUED

    @precondition(lambda self: self.model.jobs)
    @rule(data=st.data())
    def submit_again(self, data):
        job_id = data.draw(st.sampled_from(sorted(self.model.jobs)))
        _, created = self.do(self.queue.submit("{}", id=job_id, key=job_id))
        assert not created

    @rule(resident=st.sampled_from([set(), {"m"}, {"m", "x"}]))
    def claim(self, resident):
        job = self.do(self.queue.claim("w", resident))
        expected = None if self.paused else self.model.choose(resident)
        assert (job.id if job else None) == expected
        if expected is not None:
            self.model.take(expected)

    @rule(data=st.data(), state=st.sampled_from([State.SUCCEEDED, State.FAILED]))
    def finish(self, data, state):
        job_id = self.some(data, State.RUNNING)
        if job_id is not None:
            assert self.do(self.queue.finish(job_id, "w", state))
            self.model.end(job_id, state)

    @rule(data=st.data())
    def a_worker_dies(self, data):
        job_id = self.some(data, State.RUNNING)
        if job_id is not None:
            self.do(self.queue.lose(job_id, "w", "It died."))
            self.model.lose(job_id)

    @rule(data=st.data())
    def a_worker_gives_back(self, data):
        job_id = self.some(data, State.RUNNING)
        if job_id is not None:
            self.do(self.queue.give_back(job_id, "w", "It ends."))
            if self.model.jobs[job_id].cancelling:
                self.model.end(job_id, State.CANCELLED)
            else:
                self.model.jobs[job_id].deaths = 0
                self.model.wait_again(job_id)

    @rule()
    def the_server_dies(self):
        self.database.close()
        self.open()
        self.do(self.queue.recover())
        for job_id in [job_id for job_id, job in self.model.jobs.items() if job.state is State.RUNNING]:
            self.model.lose(job_id)
            self.model.settle()

    @rule(data=st.data())
    def cancel(self, data):
        job_id = self.some(data, *State)
        if job_id is None:
            return
        job = self.model.jobs[job_id]
        concerned = self.do(self.queue.cancel([job_id]))
        if job.state is State.RUNNING and not job.cancelling:
            job.cancelling = True
            job.told.append("cancelling")
            assert concerned == [job_id]
        elif job.state in (State.QUEUED, State.INTERRUPTED):
            self.model.end(job_id, State.CANCELLED)
            assert concerned == [job_id]
        else:
            assert concerned == []

    @rule(data=st.data())
    def retry(self, data):
        job_id = self.some(data, State.FAILED, State.CANCELLED, State.INTERRUPTED)
        if job_id is not None:
            self.do(self.queue.retry(job_id))
            job = self.model.jobs[job_id]
            self.model.put_back(job_id, job.priority)
            job.deaths = job.deaths if job.state is State.INTERRUPTED else 0
            self.model.wait_again(job_id)

    @rule(data=st.data(), where=st.sampled_from(["front", "back", "before", "priority"]), priority=PRIORITIES)
    def move(self, data, where, priority):
        job_id, other = self.some(data, State.QUEUED), self.some(data, State.QUEUED)
        if job_id is None or job_id == other:
            return
        match where:
            case "before":
                self.do(self.queue.move(job_id, before=other))
                self.model.put_before(job_id, other)
            case "priority":
                self.do(self.queue.move(job_id, priority=priority))
                self.model.put_back(job_id, priority)
            case "front":
                self.do(self.queue.move(job_id, "front"))
                self.model.put_front(job_id)
            case "back":
                self.do(self.queue.move(job_id, "back"))
                self.model.put_back(job_id, self.model.jobs[job_id].priority)
        self.model.jobs[job_id].passed = 0
        self.model.jobs[job_id].told.append("moved")

    @rule()
    def pause_or_resume(self):
        self.do(self.queue.resume() if self.paused else self.queue.pause())
        self.paused = not self.paused

    @invariant()
    def all_that_wait_wait_in_the_order_of_the_model(self):
        self.model.settle()
        expected = self.model.order()
        assert [job.id for job in self.do(self.queue.queued())] == expected
        for position, job_id in enumerate(expected[:3] + expected[-1:]):
            place = len(expected) if position == min(3, len(expected)) else position + 1
            assert self.do(self.queue.waiting(job_id)).position == place

    @invariant()
    def every_job_is_where_it_should_be_and_told_so_once(self):
        jobs, total = self.do(self.queue.jobs(limit=1000))
        assert total == len(self.model.jobs)
        for job in jobs:
            expected = self.model.jobs[job.id]
            assert (job.state, job.attempt, job.cancelling) == (expected.state, expected.attempt, expected.cancelling)
        told = self.do(self.queue.events(limit=10_000))
        assert [message.seq for message in told] == list(range(1, len(told) + 1))
        for job_id, expected in self.model.jobs.items():
            assert [message.type for message in told if message.job == job_id] == expected.told


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
