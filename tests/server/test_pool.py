import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.database import Database
from server.jobs import Job, State
from server.leases import Leases
from server.ledger import Ledger
from server.pool import Pool
from server.queue import JobQueue
from server.schema import QUEUE
from server.workplace import Patience, Rules

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests/cli/over_test_nodes.py"
QUICK = Patience(yielding=0.5, glance=0.05)


def document(kind: str = "Say", **inputs) -> str:
    nodes = {"1": {"class_type": kind, "inputs": inputs}, "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}}}
    return json.dumps({"format": "patchbay/1", "nodes": nodes})


HELLO = document(text="hello")
ENDLESS = document(kind="Work", steps=1000, pause=0.02)
STUBBORN = document(kind="Block")
FAILING = document(kind="Fail", text="the cat")


class Site:
    """A queue, its files and its workers."""

    def __init__(self, base: Path, devices=("cpu",), words=(), leases=None, program=None, **rules):
        self.base = base
        self.database = Database(base / ".patchbay/server.sqlite", (QUEUE,))
        self.queue = JobQueue(self.database, leases=leases)
        folders = {"output": base / "output", "temp": base / "temp"}
        self.ledger = Ledger(self.database, folders, base / ".patchbay/counters.sqlite")
        rules = Rules(**{"publish": self.ledger.publish, "patience": QUICK} | rules)
        program = program or (sys.executable, str(PROGRAM), "worker", "--base-directory", str(base), *words)
        command = lambda device: program
        self.pool = Pool(self.queue, devices, command, rules)

    @property
    def worker(self) -> dict:
        return self.pool.workers()[0]

    async def submit(self, text: str, **options) -> str:
        job, _ = await self.queue.submit(text, **options)
        return job.id

    async def ended(self, job_id: str) -> Job:
        return await self.until(job_id, lambda job: job.state.ended)

    async def begun(self, job_id: str) -> None:
        """Wait until a node of the job runs."""
        async with asyncio.timeout(30):
            while not any(event.type == "node_started" for event in await self.queue.events(job=job_id)):
                await asyncio.sleep(0.01)

    async def until(self, job_id: str, true_of) -> Job:
        async with asyncio.timeout(30):
            while not true_of(job := await self.queue.job(job_id)):
                await asyncio.sleep(0.01)
        return job

    async def in_state(self, state: str) -> None:
        """Wait until the first worker is in this state."""
        async with asyncio.timeout(30):
            while self.worker["state"] != state:
                await asyncio.sleep(0.01)

    async def kinds(self, job_id: str) -> list[str]:
        return [event.type for event in await self.queue.events(job=job_id)]

    def saved(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in (self.base / "output").glob("*.txt")}


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(PROGRAM.parent)]))

    @asynccontextmanager
    async def begin(**options):
        site = Site(tmp_path, **options)
        await site.queue.recover()
        await site.ledger.recover()
        await site.pool.start()
        try:
            yield site
        finally:
            await site.pool.stop()
            site.database.close()

    return begin


def in_loop(test):
    """Run a coroutine test in a loop of its own."""

    def run(site):
        asyncio.run(test(site))

    run.__name__ = test.__name__
    return run


@in_loop
async def test_a_job_runs_and_everything_of_it_is_kept(site):
    async with site() as here:
        assert here.worker["state"] == "off", "no process before there is work"
        job = await here.ended(await here.submit(HELLO))
        assert (job.state, job.attempt, job.device) == (State.SUCCEEDED, 1, "cpu")
        assert await here.kinds(job.id) == [
            *("queued", "started", "planned", "node_started", "node_finished"),
            *("node_started", "node_finished", "succeeded"),
        ]
        (output,) = await here.queue.outputs(job.id)
        assert (output.node, output.name, output.kind, output.bytes) == ("2", "x_00001_.txt", "output", 7)
        assert here.saved() == {"x_00001_.txt": "hello 0"}
        await here.in_state("idle")


@in_loop
async def test_a_job_that_needs_nothing_made_names_what_is_there(site):
    async with site() as here:
        await here.ended(await here.submit(HELLO))
        job = await here.ended(await here.submit(HELLO))
        assert [output.name for output in await here.queue.outputs(job.id)] == ["x_00001_.txt"]
        assert here.saved() == {"x_00001_.txt": "hello 0"}


@in_loop
async def test_a_job_whose_node_fails_has_failed_and_the_worker_goes_on(site):
    async with site() as here:
        job = await here.ended(await here.submit(FAILING))
        assert job.state is State.FAILED
        assert (job.error["node"], job.error["message"]) == ("1", "the cat is too sad")
        assert (await here.ended(await here.submit(HELLO))).state is State.SUCCEEDED
        assert here.worker["restarts"] == 0
        assert any("the cat is too sad" in line for line in here.pool.log)


@in_loop
async def test_a_killed_worker_costs_nothing_but_time(site):
    async with site() as here:
        slow = document(kind="Work", steps=20, pause=0.05)
        job_id = await here.submit(slow)
        await here.begun(job_id)
        os.kill(here.worker["pid"], signal.SIGKILL)
        job = await here.ended(job_id)
        assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
        requeued = next(event for event in await here.queue.events(job=job_id) if event.type == "requeued")
        assert "The worker on cpu was killed, perhaps because the machine ran out of memory." in requeued.data["reason"]
        assert here.worker["restarts"] == 1
        assert here.saved() == {"x_00001_.txt": "worked"}


@in_loop
async def test_a_job_that_crashes_its_worker_twice_waits_for_a_person_and_others_go_on(site):
    async with site() as here:
        poison = await here.submit(document(kind="Crash"))
        other = await here.submit(HELLO)
        job = await here.ended(poison)
        assert (job.state, job.attempt) == (State.INTERRUPTED, 2)
        assert "crashed in native code (SIGSEGV)" in job.error["message"]
        assert (await here.ended(other)).state is State.SUCCEEDED


@in_loop
async def test_a_device_that_became_unusable_fails_its_job_and_the_next_has_a_new_process(site):
    async with site() as here:
        job = await here.ended(await here.submit(document(kind="Break")))
        assert (job.state, job.attempt) == (State.FAILED, 1)
        assert (await here.ended(await here.submit(HELLO))).state is State.SUCCEEDED
        assert here.worker["restarts"] == 1


@in_loop
async def test_a_running_job_is_cancelled_and_its_worker_lives_on(site):
    async with site() as here:
        job_id = await here.submit(ENDLESS)
        await here.begun(job_id)
        assert await here.queue.cancel([job_id]) == [job_id]
        assert (await here.ended(job_id)).state is State.CANCELLED
        assert (await here.ended(await here.submit(HELLO))).state is State.SUCCEEDED
        assert here.worker["restarts"] == 0


@in_loop
async def test_a_worker_that_does_not_yield_is_killed_and_the_job_is_cancelled(site):
    async with site() as here:
        job_id = await here.submit(STUBBORN)
        await here.begun(job_id)
        await here.queue.cancel([job_id])
        assert (await here.ended(job_id)).state is State.CANCELLED
        assert (await here.ended(await here.submit(HELLO))).state is State.SUCCEEDED
        assert here.worker["restarts"] == 1


@pytest.mark.parametrize("text", [ENDLESS, STUBBORN], ids=["yields", "does not yield"])
def test_a_job_may_not_take_longer_than_its_limit(site, text):
    async def test():
        async with site(job_timeout=0.3) as here:
            job = await here.ended(await here.submit(text))
            assert job.state is State.FAILED
            assert job.error["message"] == "it took longer than it may, which is 0.3 seconds"
            assert (
                await here.ended(await here.submit(ENDLESS.replace("1000", "2"), timeout=60))
            ).state is State.SUCCEEDED

    asyncio.run(test())


@in_loop
async def test_what_runs_when_the_server_ends_goes_on_with_the_next_one(site):
    async with site() as here:
        job_id = await here.submit(document(kind="Work", steps=30, pause=0.05))
        await here.begun(job_id)
        pid = here.worker["pid"]
    async with site() as here:
        job = await here.ended(job_id)
        assert (job.state, here.saved()) == (State.SUCCEEDED, {"x_00001_.txt": "worked"})
        assert here.worker["pid"] != pid


@in_loop
async def test_a_stubborn_job_does_not_keep_the_server_from_ending(site):
    async with site() as here:
        job_id = await here.submit(STUBBORN)
        await here.begun(job_id)
    async with site(devices=()) as here:
        assert (await here.queue.job(job_id)).state is State.QUEUED
        assert (await here.queue.job(job_id)).attempt == 1


@in_loop
async def test_jobs_run_side_by_side_on_several_devices(site):
    async with site(devices=("cpu", "cpu:1")) as here:
        both = [await here.submit(document(kind="Work", steps=1000, pause=0.02, text=str(n))) for n in range(2)]
        for job_id in both:
            await here.begun(job_id)
        assert {worker["job"] for worker in here.pool.workers()} == set(both)
        await here.queue.cancel(both)
        for job_id in both:
            await here.ended(job_id)


@in_loop
async def test_one_job_starts_one_process(site):
    async with site(devices=("cpu", "cpu:1")) as here:
        await here.ended(await here.submit(HELLO))
        async with asyncio.timeout(30):  # whichever of them took it
            while sorted(worker["state"] for worker in here.pool.workers()) != ["idle", "off"]:
                await asyncio.sleep(0.01)


@in_loop
async def test_a_worker_that_cannot_start_is_trouble_and_no_job_is_lost(site):
    async with site(words=("--device", "abacus")) as here:
        job_id = await here.submit(HELLO)
        await here.in_state("broken")
        assert "--device takes" in here.worker["trouble"]
        job = await here.queue.job(job_id)
        assert (job.state, job.attempt) == (State.QUEUED, 0)


def test_a_worker_that_is_silent_loses_its_job_and_its_life(site, monkeypatch):
    monkeypatch.setattr("server.pool.EXPIRY", 0.05)
    now = 0.0

    async def test():
        nonlocal now
        async with site(leases=Leases(lambda: now)) as here:
            job_id = await here.submit(document(kind="Work", steps=20, pause=0.05))
            await here.begun(job_id)
            pid = here.worker["pid"]
            os.kill(pid, signal.SIGSTOP)
            now += 3600
            job = await here.ended(job_id)
            assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
            assert here.worker["pid"] != pid

    asyncio.run(test())


@in_loop
async def test_progress_reaches_those_who_watch_and_is_not_kept(site):
    async with site() as here:
        with here.queue.hub.subscribe() as listener:
            job_id = await here.submit(document(kind="Work", steps=10, pause=0.03))
            heard = []
            async with asyncio.timeout(30):
                async for message in listener:
                    heard.append(message)
                    if message.type == "succeeded":
                        break
        progress = [message for message in heard if message.type == "progress"]
        assert progress and progress[0].seq is None
        assert "progress" not in await here.kinds(job_id)


@in_loop
async def test_an_idle_worker_explains_from_its_memory(site):
    async with site() as here:
        assert await here.pool.explain(HELLO) is None, "there is no worker to ask"
        await here.ended(await here.submit(HELLO))
        await here.in_state("idle")
        nodes = await here.pool.explain(HELLO)
        assert nodes == {
            "1": {"runs": False, "reason": "what is made from it is stored"},
            "2": {"runs": False, "reason": "nothing changed"},
        }
        await here.pool.free(models=True, cache=True)
        other = HELLO.replace('"Write", "inputs": {', '"Write", "inputs": {"filename_prefix": "y", ')
        assert (await here.pool.explain(other))["1"]["runs"]


@in_loop
async def test_a_warm_pool_starts_before_there_is_work(site):
    async with site(warm=True) as here:
        async with asyncio.timeout(60):
            while here.worker["memory"]["total"] is None:
                await asyncio.sleep(0.05)
        assert here.worker["state"] == "idle"


@in_loop
async def test_a_thousand_events_are_kept_in_order(site):
    async with site() as here:
        nodes = {str(n): {"class_type": "Say", "inputs": {"text": str(n)}} for n in range(500)}
        nodes |= {f"w{n}": {"class_type": "Write", "inputs": {"text": [str(n), 0]}} for n in range(0, 500, 50)}
        targets = {"targets": [f"w{n}" for n in range(0, 500, 50)]}
        job = await here.ended(await here.submit(json.dumps({"format": "patchbay/1", "nodes": nodes}), **targets))
        assert job.state is State.SUCCEEDED
        events = await here.queue.events(job=job.id)
        started = [event.data["node"] for event in events if event.type == "node_started"]
        finished = [event.data["node"] for event in events if event.type == "node_finished"]
        assert started == finished and len(started) == 20


@in_loop
async def test_the_server_ends_though_a_worker_does_not_begin(site):
    async with site(program=(sys.executable, "-c", "import time; time.sleep(60)")) as here:
        await here.submit(HELLO)
        await here.in_state("starting")
        started = here.worker["pid"]
    assert here.worker["pid"] is None
    assert started is None or not Path(f"/proc/{started}").exists()


@in_loop
async def test_a_worker_that_does_not_begin_in_time_is_trouble(site):
    patience = Patience(starting=0.1)
    async with site(program=(sys.executable, "-c", "import time; time.sleep(60)"), patience=patience) as here:
        await here.submit(HELLO)
        await here.in_state("broken")
        assert here.worker["trouble"] == "The worker on cpu did not begin within 0.1 seconds."
