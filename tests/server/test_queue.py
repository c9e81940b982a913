import asyncio
import json
import time
from contextlib import asynccontextmanager

import pytest

from server.database import Database
from server.jobs import Conflict, NoSuchJob, State, WrongState
from server.leases import Leases
from server.queue import JobQueue
from server.schema import QUEUE

SAVED = {"node": "9", "item": 0, "index": 0, "name": "a/b_00001_.png", "kind": "output"}
HASHED = SAVED | {"sha256": "ab" * 32, "media_type": "image/png", "width": 8, "height": 4, "bytes": 70}


@pytest.fixture
def opened(tmp_path):
    """Opens the queue in its database, as often as a test wants: each time it is another process's."""

    @asynccontextmanager
    async def open_queue(**options):
        database = Database(tmp_path / "server.sqlite", (QUEUE,))
        try:
            yield JobQueue(database, **options)
        finally:
            database.close()

    return open_queue


def scenario(test):
    """A test that is a coroutine."""

    def run(opened):
        asyncio.run(test(opened))

    run.__name__ = test.__name__
    return run


async def accept(queue: JobQueue, *ids: str, **options) -> None:
    for job_id in ids:
        await queue.submit("{}", id=job_id, **options)


async def drain(queue: JobQueue, resident: frozenset[str] = frozenset()) -> list[str]:
    """Ids in the order in which they go."""
    order = []
    while job := await queue.claim("w", resident):
        order.append(job.id)
        assert await queue.finish(job.id, "w", State.SUCCEEDED)
    return order


async def types(queue: JobQueue, job: str | None = None) -> list[str]:
    return [message.type for message in await queue.events(job=job)]


@scenario
async def test_a_job_is_what_was_submitted_also_for_the_next_process(opened):
    document = json.dumps({"nodes": {}, "seed": 2**64 - 1, "text": "größer 🙂"})
    async with opened() as queue:
        job, created = await queue.submit(
            document,
            client="c",
            title="T",
            priority=3,
            editor_text="{}",
            targets=["9"],
            models=["b", "a", "b"],
            origin={"n": 1},
            timeout=5.0,
        )
        assert created and job.state is State.QUEUED
    async with opened() as queue:
        found = await queue.job(job.id)
    assert found == job
    assert (found.document, found.editor_text, found.title) == (document, "{}", "T")
    assert (found.targets, found.models, found.origin, found.timeout) == (("9",), ("a", "b"), {"n": 1}, 5.0)
    assert (found.client, found.priority, found.attempt, found.started) == ("c", 3, 0, None)


@scenario
async def test_a_key_accepts_once(opened):
    async with opened() as queue:
        first, created = await queue.submit("{}", key="k")
        again, created_again = await queue.submit("{}", key="k")
        assert (created, created_again, first.id) == (True, False, again.id)
        with pytest.raises(Conflict, match="'k' was used for another submission"):
            await queue.submit('{"nodes": {}}', key="k")
        with pytest.raises(Conflict):
            await queue.submit("{}", key="k", targets=["1"])
        assert (await queue.jobs())[1] == 1


@scenario
async def test_many_at_once_with_one_key_are_one_job(opened):
    async with opened() as queue:
        answers = await asyncio.gather(*(queue.submit("{}", key="k") for _ in range(20)))
        assert len({job.id for job, _ in answers}) == 1
        assert sum(created for _, created in answers) == 1


@scenario
async def test_an_id_is_given_once(opened):
    async with opened() as queue:
        await accept(queue, "mine")
        with pytest.raises(Conflict, match="'mine' already"):
            await accept(queue, "mine")


@scenario
async def test_jobs_go_in_the_order_in_which_they_came(opened):
    async with opened() as queue:
        await accept(queue, "a", "b", "c")
        assert await drain(queue) == ["a", "b", "c"]
        assert await queue.claim("w") is None


@scenario
async def test_priority_goes_before_everything_and_the_front_before_its_priority(opened):
    async with opened() as queue:
        await accept(queue, "low", priority=-1)
        await accept(queue, "a", "b")
        await accept(queue, "front", "more front", front=True)
        await accept(queue, "high", priority=5)
        assert await drain(queue) == ["high", "more front", "front", "a", "b", "low"]


@scenario
async def test_clients_take_turns(opened):
    async with opened() as queue:
        await accept(queue, "a1", "a2", "a3", "a4", client="a")
        await accept(queue, "b1", "b2", client="b")
        await accept(queue, "c1", client="c")
        assert await drain(queue) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


@scenario
async def test_one_who_always_asks_again_does_not_starve_the_others(opened):
    async with opened() as queue:
        await accept(queue, "b1", "b2", "b3", client="b")
        order = []
        for number in range(3):
            await accept(queue, f"a{number}", client="a")
            await accept(queue, f"n{number}", client=f"new {number}")
            for _ in range(3):
                job = await queue.claim("w")
                order.append(job.id)
        assert set(order[:6]) >= {"b1", "b2"} and "b3" in order


@scenario
async def test_an_order_of_its_own_is_kept_among_a_clients_jobs(opened):
    async with opened() as queue:
        await accept(queue, "second", order=2.5)
        await accept(queue, "first", order=-7)
        assert await drain(queue) == ["first", "second"]


@scenario
async def test_a_worker_takes_a_job_whose_models_it_holds_before_a_few_others(opened):
    async with opened() as queue:
        await accept(queue, "other", models=["x"])
        await accept(queue, "plain")
        await accept(queue, "same", models=["m"])
        await accept(queue, "same too", models=["m", "lora"])
        assert (await queue.claim("w", {"m", "lora", "vae"})).id == "same"
        assert (await queue.claim("w", {"m"})).id == "other"


@scenario
async def test_adapters_are_no_reason_to_take_another_worker(opened):
    async with opened() as queue:
        await accept(queue, "other", models=["checkpoints/x", "loras/neon"])
        await accept(queue, "adapters alone", models=["loras/neon"])
        await accept(queue, "same", models=["checkpoints/m", "loras/neon"])
        assert (await queue.claim("w", {"checkpoints/m"})).id == "same"


@scenario
async def test_a_job_lets_others_go_before_three_times_at_most(opened):
    async with opened() as queue:
        await accept(queue, "other", models=["x"])
        await accept(queue, *(f"same {number}" for number in range(5)), models=["m"])
        order = await drain(queue, frozenset({"m"}))
        assert order == ["same 0", "same 1", "same 2", "other", "same 3", "same 4"]


@scenario
async def test_a_worker_does_not_look_far_ahead_nor_past_the_front(opened):
    async with opened() as queue:
        await accept(queue, *(f"other {number}" for number in range(8)), models=["x"])
        await accept(queue, "same", models=["m"])
        assert (await queue.claim("w", {"m"})).id == "other 0"
        await accept(queue, "urgent", front=True, models=["y"])
        assert (await queue.claim("w", {"m"})).id == "urgent"
        assert (await queue.claim("w", {"m"})).id == "same"


@scenario
async def test_moving(opened):
    async with opened() as queue:
        await accept(queue, "a", "b", "c", "d")
        await queue.move("d", "front")
        assert [job.id for job in await queue.queued()] == ["d", "a", "b", "c"]
        await queue.move("a", "back")
        await queue.move("c", before="b")
        assert [job.id for job in await queue.queued()] == ["d", "c", "b", "a"]
        await queue.move("b", before="d")
        assert [job.id for job in await queue.queued()] == ["b", "d", "c", "a"]
        assert (await queue.move("a", priority=1)).priority == 1
        await queue.move("c", before="c")
        assert await drain(queue) == ["a", "b", "d", "c"]


@scenario
async def test_moving_before_anothers_job_joins_its_line(opened):
    async with opened() as queue:
        await accept(queue, "a1", "a2", client="a")
        await accept(queue, "b1", "b2", client="b")
        await queue.move("a2", before="b2")
        assert await drain(queue) == ["a1", "b1", "a2", "b2"]


@scenario
async def test_places_between_never_run_out(opened):
    async with opened() as queue:
        await accept(queue, "a", "b", "c")
        for _ in range(100):
            await queue.move("a", before="c")
            await queue.move("b", before="c")
        assert [job.id for job in await queue.queued()] == ["a", "b", "c"]


@scenario
async def test_only_what_waits_can_be_moved(opened):
    async with opened() as queue:
        await accept(queue, "a", "b")
        await queue.claim("w")
        with pytest.raises(WrongState, match="'a' is running"):
            await queue.move("a", "front")
        with pytest.raises(WrongState, match="'a' is running"):
            await queue.move("b", before="a")
        with pytest.raises(NoSuchJob, match="'z'"):
            await queue.move("z", "front")


@scenario
async def test_a_job_that_succeeded_says_when_and_where(opened):
    async with opened() as queue:
        await accept(queue, "a")
        claimed = await queue.claim("cpu/1", device="cpu")
        assert (claimed.state, claimed.attempt, claimed.worker, claimed.device) == (State.RUNNING, 1, "cpu/1", "cpu")
        assert await queue.finish("a", "cpu/1", State.SUCCEEDED)
        done = await queue.job("a")
        assert done.state is State.SUCCEEDED and done.created <= done.started <= done.finished
        assert await types(queue, "a") == ["queued", "started", "succeeded"]


@scenario
async def test_a_failure_keeps_its_error(opened):
    async with opened() as queue:
        await accept(queue, "a")
        await queue.claim("w")
        error = {"message": "boom", "node": "3", "type": "ValueError"}
        await queue.finish("a", "w", State.FAILED, error)
        assert (await queue.job("a")).error == error
        assert (await queue.events(job="a"))[-1].data == {"error": error}


@scenario
async def test_nothing_that_ended_is_ended_or_told_of_again(opened):
    async with opened() as queue:
        await accept(queue, "a")
        await queue.claim("w")
        assert await queue.finish("a", "w", State.SUCCEEDED)
        assert not await queue.finish("a", "w", State.FAILED, {"message": "late"})
        assert not await queue.record("a", [("node_started", {"node": "1"})])
        assert await queue.lose("a", "w", "died") is None
        assert (await queue.job("a")).state is State.SUCCEEDED
        assert await types(queue, "a") == ["queued", "started", "succeeded"]


@scenario
async def test_a_worker_that_lost_its_job_has_no_say_in_it(opened):
    async with opened() as queue:
        await accept(queue, "a")
        await queue.claim("old")
        await queue.lose("a", "old", "It died.")
        await queue.claim("new")
        assert not await queue.finish("a", "old", State.SUCCEEDED)
        assert not await queue.record("a", [("node_started", {"node": "1"})], "old")
        assert not await queue.heartbeat("a", "old")
        assert await queue.heartbeat("a", "new")
        assert await queue.record("a", [("node_started", {"node": "1"})], "new")


@scenario
async def test_a_job_whose_process_died_goes_on_and_then_waits_for_a_person(opened):
    async with opened() as queue:
        await accept(queue, "a")
        await accept(queue, "b")
        await queue.claim("w")
        assert (await queue.lose("a", "w", "It was killed.")).state is State.QUEUED
        assert (await queue.claim("w")).id == "a"
        lost = await queue.lose("a", "w", "It was killed.")
        assert (lost.state, lost.error["message"]) == (
            State.INTERRUPTED,
            "It was killed. This has happened 2 times in a row: resume it or cancel it.",
        )
        assert (await queue.retry("a")).state is State.QUEUED
        assert await drain(queue) == ["b", "a"]


@scenario
async def test_attempts_have_a_cap(opened):
    async with opened() as queue:
        await accept(queue, "a")
        for _ in range(2):
            await queue.claim("w")
            await queue.lose("a", "w", "It died.")
        await queue.retry("a")
        assert (await queue.claim("w")).attempt == 3
        lost = await queue.lose("a", "w", "It died.")
        assert lost.state is State.FAILED and "not tried again" in lost.error["message"]
        await queue.retry("a")
        await queue.claim("w")
        assert (await queue.lose("a", "w", "It died.")).state is State.QUEUED


@pytest.mark.parametrize(("policy", "state"), [("auto", "queued"), ("ask", "interrupted"), ("never", "failed")])
def test_what_ran_when_the_server_died_goes_on_by_policy(opened, policy, state):
    async def run():
        async with opened() as queue:
            await accept(queue, "a", "b", "c")
            await queue.claim("w")
            await queue.claim("v")
            await queue.cancel(["b"])
        async with opened(resume=policy) as queue:
            assert [job.id for job in await queue.recover()] == ["a", "b"]
            assert (await queue.job("a")).state == state
            assert (await queue.job("b")).state is State.CANCELLED
            assert (await queue.job("c")).state is State.QUEUED
            assert await queue.recover() == []

    asyncio.run(run())


@scenario
async def test_what_is_given_back_is_not_held_against_the_job(opened):
    async with opened() as queue:
        await accept(queue, "a")
        for _ in range(5):
            await queue.claim("w")
            assert (await queue.give_back("a", "w", "The server ends.")).state is State.QUEUED
        assert await queue.give_back("a", "w", "The server ends.") is None


@scenario
async def test_a_worker_that_is_silent_loses_its_job(opened):
    now = 0.0
    async with opened(leases=Leases(lambda: now, 30)) as queue:
        await accept(queue, "a")
        await queue.claim("w")
        now = 29.0
        assert await queue.heartbeat("a", "w")
        now = 58.0
        assert await queue.expire() == []
        now = 60.0
        assert [(job.id, job.state) for job in await queue.expire()] == [("a", State.QUEUED)]
        assert not await queue.heartbeat("a", "w")
        assert await queue.expire() == []


@scenario
async def test_cancelling_what_waits_ends_it_and_what_runs_is_asked(opened):
    async with opened() as queue:
        asked = []
        queue.on_cancel = asked.append
        await accept(queue, "a", "b", "c")
        await queue.claim("w")
        assert await queue.cancel(["a", "b", "nobody"]) == ["b", "a"]
        assert asked == ["a"]
        assert await queue.cancel(["a", "b"]) == []
        running = await queue.job("a")
        assert (running.state, running.cancelling) == (State.RUNNING, True)
        await queue.finish("a", "w", State.CANCELLED)
        assert await types(queue, "a") == ["queued", "started", "cancelling", "cancelled"]
        assert await drain(queue) == ["c"]


@scenario
async def test_all_that_wait_are_cancelled_and_nothing_else(opened):
    async with opened() as queue:
        await accept(queue, "a", "b", "c")
        await queue.claim("w")
        assert await queue.cancel() == ["b", "c"]
        assert not (await queue.job("a")).cancelling


@scenario
async def test_a_job_that_dies_while_it_is_being_cancelled_is_cancelled(opened):
    async with opened() as queue:
        await accept(queue, "a")
        await queue.claim("w")
        await queue.cancel(["a"])
        assert (await queue.lose("a", "w", "It was killed.")).state is State.CANCELLED


@scenario
async def test_what_ended_without_success_can_be_tried_again(opened):
    async with opened() as queue:
        await accept(queue, "a", "b")
        await queue.claim("w")
        with pytest.raises(WrongState, match="'a' is running"):
            await queue.retry("a")
        await queue.finish("a", "w", State.FAILED, {"message": "boom"})
        again = await queue.retry("a")
        assert (again.state, again.error, again.finished) == (State.QUEUED, None, None)
        assert await drain(queue) == ["b", "a"]
        assert (await queue.job("a")).attempt == 2
        with pytest.raises(WrongState, match="'a' is succeeded"):
            await queue.retry("a")
        with pytest.raises(NoSuchJob):
            await queue.retry("z")


@scenario
async def test_a_paused_queue_begins_nothing_also_after_a_restart(opened):
    async with opened() as queue:
        await accept(queue, "a")
        await queue.pause()
        assert await queue.claim("w") is None
    async with opened() as queue:
        assert queue.paused and await queue.claim("w") is None
        await queue.resume()
        await queue.resume()
        assert (await queue.claim("w")).id == "a"
        assert await types(queue) == ["queued", "paused", "resumed", "started"]


@scenario
async def test_a_worker_hears_of_work_that_came_before_it_waited(opened):
    async with opened() as queue:
        seen = queue.arrivals
        assert await queue.claim("w") is None
        await accept(queue, "a")
        await asyncio.wait_for(queue.arrival(seen), 5)
        waiting = asyncio.create_task(queue.arrival(queue.arrivals))
        await asyncio.sleep(0)
        assert not waiting.done()
        await queue.claim("w")
        await queue.give_back("a", "w", "For a test.")
        await asyncio.wait_for(waiting, 5)


@scenario
async def test_waiting_says_why_and_how_long(opened):
    now = 1000.0
    async with opened(clock=lambda: now) as queue:
        await accept(queue, "done", "running", "next", "later")
        await queue.claim("w")
        now += 10
        await queue.finish("done", "w", State.SUCCEEDED)
        await queue.claim("w")
        now += 4
        queue.capacity = 1
        assert await queue.waiting("running") is None and await queue.waiting("nobody") is None
        soon, later = await queue.waiting("next"), await queue.waiting("later")
        assert (soon.position, soon.eta, soon.reason) == (1, 6.0, "it is next")
        assert (later.position, later.eta, later.reason) == (2, 16.0, "1 job before it")
        now += 26
        assert (await queue.waiting("next")).eta == 20.0, "one that is late is not about to end"
        queue.capacity = 0
        assert (await queue.waiting("next")).reason == "no worker is running"
        await queue.pause()
        paused = await queue.waiting("next")
        assert (paused.eta, paused.reason) == (None, "the queue is paused")


@scenario
async def test_files_that_were_found_made_belong_to_the_job_and_are_described(opened):
    async with opened() as queue:
        await accept(queue, "a", "b")
        await queue.claim("w")
        await queue.record("a", [("node_finished", {"node": "9", "artifacts": [HASHED, {"text": "hello"}]})])
        await queue.finish("a", "w", State.SUCCEEDED)
        await queue.claim("w")
        await queue.record("b", [("node_skipped", {"node": "9", "artifacts": [SAVED]})] * 2)
        (first,), (second,) = await queue.outputs("a"), await queue.outputs("b")
        assert (first.job, first.name, first.width, first.bytes) == ("a", "a/b_00001_.png", 8, 70)
        assert (second.job, second.sha256, second.media_type) == ("b", "ab" * 32, "image/png")
        assert (await queue.output_by_hash("ab" * 32)).name == "a/b_00001_.png"
        assert await queue.output_by_hash("cd" * 32) is None


@scenario
async def test_forgetting_leaves_what_has_not_ended_and_the_pictures(opened):
    async with opened() as queue:
        await accept(queue, "a", "b", "c")
        await queue.claim("w")
        await queue.record("a", [("node_finished", {"node": "9", "artifacts": [HASHED]})])
        await queue.finish("a", "w", State.SUCCEEDED)
        await queue.claim("w")
        assert await queue.forget(["a", "b", "c", "nobody"]) == ["a"]
        assert await queue.job("a") is None and await queue.events(job="a") == []
        assert (await queue.output_by_hash("ab" * 32)).job is None
        last = (await queue.events())[-1]
        assert (last.type, last.job) == ("forgotten", "a")
        await queue.cancel(["c"])
        assert await queue.forget(older_than=time.time() - 60) == []
        assert await queue.forget(older_than=time.time() + 60) == ["c"]


@scenario
async def test_listings_are_cut_filtered_and_searched(opened):
    async with opened() as queue:
        for number in range(10):
            await queue.submit(
                "{}", id=f"job {number}", client=f"c{number % 2}", title=f"Cat {number}", models=["SDXL"]
            )
        await queue.claim("w")
        page, total = await queue.jobs(limit=4)
        assert ([job.id for job in page], total) == (["job 9", "job 8", "job 7", "job 6"], 10)
        page, total = await queue.jobs(limit=2, before=page[-1].number)
        assert ([job.id for job in page], total) == (["job 5", "job 4"], 10)
        page, _ = await queue.jobs(limit=2, offset=1, newest_first=False)
        assert [job.id for job in page] == ["job 1", "job 2"]
        page, total = await queue.jobs(states=[State.RUNNING, State.FAILED])
        assert ([job.id for job in page], total) == (["job 0"], 1)
        assert (await queue.jobs(states=[]))[1] == 0
        assert (await queue.jobs(client="c1", search="CAT 3"))[1] == 1
        assert (await queue.jobs(search="sdxl"))[1] == 10
        assert (await queue.jobs(search="%"))[1] == 0
        assert (await queue.jobs(whole=False))[0][0].document == ""
        assert (await queue.jobs())[0][0].document == "{}"


@scenario
async def test_events_go_on_from_a_number(opened):
    async with opened() as queue:
        await accept(queue, "a", "b")
        first = await queue.events(limit=1)
        rest = await queue.events(after=first[-1].seq)
        assert [message.job for message in first + rest] == ["a", "b"]
        assert await queue.last_event() == rest[-1].seq == queue.hub.last
    async with opened() as queue:
        assert queue.hub.last == rest[-1].seq


def test_ten_thousand_waiting_jobs_cost_a_claim_no_more_than_a_hundred(tmp_path):
    """Counted in SQLite's own steps, which do not depend on how busy the machine is."""
    database = Database(tmp_path / "server.sqlite", (QUEUE,))

    async def steps_of_a_claim(queue: JobQueue) -> int:
        counted = []
        await database.write(lambda connection: connection.set_progress_handler(lambda: counted.append(1), 10))
        job = await queue.claim("w", {"m"})
        await database.write(lambda connection: connection.set_progress_handler(None, 0))
        await queue.finish(job.id, "w", State.SUCCEEDED)
        return len(counted)

    async def fill(queue: JobQueue, count: int) -> None:
        await asyncio.gather(*(queue.submit("{}", client=f"c{number % 50}", models=["x"]) for number in range(count)))

    async def run() -> None:
        queue = JobQueue(database)
        await fill(queue, 100)
        few = await steps_of_a_claim(queue)
        await fill(queue, 10_000)
        assert await steps_of_a_claim(queue) < 2 * few
        listed = await queue.queued(20_000)
        assert (await queue.waiting(listed[-1].id)).position == len(listed) == 10_098
        assert (await queue.waiting(listed[777].id)).position == 778

    asyncio.run(run())
    database.close()
