"""A server's queue and a worker over light nodes, as processes that a test may kill at any moment.

Both are real where it counts: the database, the queue, the ledger, the executor and the output folder. Only what lies
between them is simpler than in `serve`: pipes of multiprocessing, so that a hundred of them start in seconds.
"""

import asyncio
import json
import multiprocessing
import os
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from graph.declare import Resource, node
from graph.events import Event, NodeFinished, NodeStarted
from graph.executor import Executor
from graph.graph import resolve
from graph.registry import Registry
from server.database import Database
from server.jobs import Job, State
from server.ledger import Ledger, NotPublished
from server.queue import JobQueue
from server.schema import QUEUE
from workflows.document import read_document
from workflows.outputs import OutputFolder, SavedFile
from workflows.publishing import Pending, describe_file

FORKING = multiprocessing.get_context("forkserver")  # a process costs a fork, not an interpreter
FORKING.set_forkserver_preload([__name__])
ITEMS = 3


@node("Lines")
def lines(text: str) -> list[str]:
    """Several items of one text."""
    return [f"{text} {item}" for item in range(ITEMS)]


@node("Long")
def long(text: str) -> str:
    """The text again, and much of it."""
    return f"{text}\n{'x' * 50_000}"


@node("Write")
def write(outputs: Resource[OutputFolder], text: str) -> SavedFile:
    """Save a text."""
    return outputs.save("said/it", ".txt", lambda path: path.write_text(text))


REGISTRY = Registry(lines, long, write)


def document(text: str) -> dict[str, Any]:
    """A workflow that saves `ITEMS` files which begin with this text."""
    return {
        "1": {"class_type": "Lines", "inputs": {"text": text}},
        "2": {"class_type": "Long", "inputs": {"text": ["1", 0]}},
        "3": {"class_type": "Write", "inputs": {"text": ["2", 0]}},
    }


def serve(base: Path, driver: Connection) -> None:
    """Own the queue and run its jobs on one worker at a time, until the driver goes away.

    Takes ``("submit", id, text)`` and ``("retry", id)``. Tells ``("accepted", id)``, ``("worker", pid)``, ``("idle",
    worker)``, and ``("tick", what)`` for whatever happens, so that it can be killed then.
    """
    asyncio.run(_serve(base, driver))


async def _serve(base: Path, driver: Connection) -> None:
    database = Database(base / "state/server.sqlite", (QUEUE,))
    queue = JobQueue(database)
    ledger = Ledger(database, {"output": base / "output"}, base / "state/counters.sqlite")
    await ledger.recover()
    await queue.recover()
    running = asyncio.create_task(_run_jobs(base, queue, ledger, driver.send))
    running.add_done_callback(lambda task: os._exit(3))  # it never ends but by an error, which the test should see
    try:
        while True:
            kind, job_id, *text = await asyncio.to_thread(driver.recv)
            if kind == "submit":
                await queue.submit(json.dumps(document(text[0])), id=job_id, key=job_id, client=job_id[-1])
                driver.send(("accepted", job_id))
            else:
                await queue.retry(job_id)
    except (EOFError, OSError):
        database.close()
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(0)  # and the worker with it, for its pipe ends


async def _run_jobs(base: Path, queue: JobQueue, ledger: Ledger, tell: Callable[[Any], None]) -> None:
    while True:
        ours, theirs = FORKING.Pipe()
        process = FORKING.Process(target=work, args=(base, theirs))
        process.start()
        theirs.close()
        tell(("worker", process.pid))
        name, job = f"w{process.pid}", None
        try:
            while True:
                seen = queue.arrivals
                job = await queue.claim(name)
                if job is None:
                    tell(("idle", name))
                    await queue.arrival(seen)
                    continue
                tell(("tick", "started"))
                ours.send((job.id, job.document))
                await _attend(job, name, ours, queue, ledger, tell)
        except (EOFError, OSError):
            ours.close()
            process.join()  # it ends with its pipe, if it has not yet
            if job is not None:
                await queue.lose(job.id, name, "The worker was killed.")


async def _attend(
    job: Job, worker: str, channel: Connection, queue: JobQueue, ledger: Ledger, tell: Callable[[Any], None]
) -> None:
    while True:
        kind, said = await asyncio.to_thread(channel.recv)
        tell(("tick", kind))
        match kind:
            case "publish":
                try:
                    channel.send(await ledger.publish(job.id, worker, said))
                except NotPublished as error:
                    channel.send(error)
            case "ended":
                await queue.finish(job.id, worker, State(said))
                tell(("tick", "finished"))
                return
            case _:
                await queue.record(job.id, [(kind, said)], worker)


class Remote:
    """Asks the server for the names of files."""

    def __init__(self, channel: Connection):
        self._channel = channel

    def publish(self, file: Pending) -> str:
        self._channel.send(("publish", file.to_json() | describe_file(file.path)))
        answer = self._channel.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


def work(base: Path, channel: Connection) -> None:
    """Run what comes, until the server is gone."""
    try:
        while True:
            _, text = channel.recv()
            opened = read_document(text)
            outputs = OutputFolder(base / "output", base / "state/counters.sqlite", opened, publisher=Remote(channel))
            result = Executor().run(
                resolve(opened.workflow, REGISTRY, {}),
                resources={OutputFolder: outputs},
                emit=lambda event: _tell(event, channel),
            )
            channel.send(("ended", "failed" if result.failures else "succeeded"))
    except (EOFError, OSError):
        os._exit(0)


def _tell(event: Event, channel: Connection) -> None:
    match event:
        case NodeStarted():
            channel.send(("node_started", {"node": event.node, "item": event.item}))
        case NodeFinished():
            place = {"node": event.node, "item": event.item}
            artifacts = [
                place | {"index": index, "name": made.name, "kind": made.kind}
                for index, made in enumerate(event.artifacts)
                if isinstance(made, SavedFile)
            ]
            channel.send(("node_finished", place | {"artifacts": artifacts}))
