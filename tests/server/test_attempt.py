import asyncio

import pytest

from server import attempt
from server.attempt import Attempt, insist
from server.database import Database, DatabaseError
from server.jobs import State
from server.queue import JobQueue
from server.schema import QUEUE

FULL = DatabaseError("server.sqlite, where the queue is kept, cannot be used (database or disk is full).")


class FullDisk(JobQueue):
    """A queue whose disk is full for the next few writes of events."""

    failing = 0

    async def record(self, job_id, events, worker=None):
        if self.failing:
            self.failing -= 1
            raise FULL
        return await super().record(job_id, events, worker)


@pytest.fixture
def impatient(monkeypatch):
    """Pauses take no time."""
    sleep = asyncio.sleep
    monkeypatch.setattr(attempt.asyncio, "sleep", lambda seconds: sleep(0))


@pytest.fixture
def in_queue(tmp_path):
    def run(test) -> None:
        database = Database(tmp_path / "server.sqlite", (QUEUE,))

        async def begin():
            queue = FullDisk(database)
            await queue.submit("{}")
            job = await queue.claim("cpu")
            await test(queue, Attempt(queue, job, "cpu", limit=60))

        try:
            asyncio.run(begin())
        finally:
            database.close()

    return run


def test_what_must_not_be_lost_is_tried_until_there_is_room(impatient, caplog):
    tries = iter([FULL, FULL, None])

    async def write():
        if (error := next(tries)) is not None:
            raise error
        return "written"

    assert asyncio.run(insist(write)) == "written"
    assert caplog.text.count("disk is full") == 2


def test_other_errors_are_not_tried_again():
    async def write():
        raise KeyError("job")

    with pytest.raises(KeyError):
        asyncio.run(insist(write))


def test_events_stay_in_order_and_come_before_the_end_though_the_disk_was_full(in_queue, impatient):
    async def test(queue, running):
        queue.failing = 3
        for number in range(5):
            await running.hear("node_noted", {"node": "1", "message": str(number)}, b"")
            await asyncio.sleep(0)
        await running.end(State.SUCCEEDED, None)
        events = await queue.events(job=running.job.id)
        assert [event.data["message"] for event in events if event.type == "node_noted"] == list("01234")
        assert events[-1].type == "succeeded"

    in_queue(test)


def test_a_worker_that_tells_faster_than_the_disk_takes_is_made_to_wait(in_queue, monkeypatch):
    monkeypatch.setattr(attempt, "BEHIND", 10)

    async def test(queue, running):
        longest = 0
        for number in range(200):
            await running.hear("node_noted", {"node": "1", "message": str(number)}, b"")
            longest = max(longest, len(running._events))
        assert longest <= 10
        await running.end(State.SUCCEEDED, None)
        assert len(await queue.events(job=running.job.id)) == 203

    in_queue(test)


def test_a_job_that_stops_unasked_waits_again(in_queue):
    async def test(queue, running):
        await running.end(State.CANCELLED, None)
        assert (await queue.job(running.job.id)).state is State.QUEUED

    in_queue(test)


def test_a_job_that_stops_because_it_took_too_long_has_failed(in_queue):
    async def test(queue, running):
        running.overdue = True
        await running.lose("The worker on cpu was killed.")
        job = await queue.job(running.job.id)
        assert (job.state, job.error["type"]) == (State.FAILED, "timeout")

    in_queue(test)
