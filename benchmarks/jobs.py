"""What the queue costs, as JSON: CPU milliseconds per job, bytes of events, seconds of listings at 10,000 jobs.

    python benchmarks/jobs.py [JOBS]

``alone``: one job after the other, each step waited for, as one user has it. ``together``: 50 clients at once.
``events``: what a client reads, and what the database grows by, for one run of a graph of 1,000 nodes.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from server.database import Database
from server.jobs import State
from server.queue import JobQueue
from server.schema import QUEUE

DOCUMENT = json.dumps({"format": "patchbay/1", "nodes": {str(n): {"class_type": "X", "inputs": {}} for n in range(50)}})
CLIENTS = 50
NODES = 1000


async def run_one(queue: JobQueue) -> bool:
    """Claim a job, tell of its five nodes, finish it. False where none waits."""
    job = await queue.claim("w")
    if job is None:
        return False
    events: list[tuple[str, dict[str, Any]]] = [("planned", {"steps": ["1", "2", "3", "4", "5"], "cached": []})]
    for node in range(5):
        events += [("node_started", {"node": str(node)}), ("node_finished", {"node": str(node), "seconds": 0.01})]
    await queue.record(job.id, events, "w")
    return await queue.finish(job.id, "w", State.SUCCEEDED)


async def per_item(action: Callable[[], Awaitable[object]], count: int) -> dict[str, float]:
    """CPU and wall milliseconds of one of many."""
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(count):
        await action()
    spent, passed = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu_ms": round(spent / count * 1000, 3), "wall_ms": round(passed / count * 1000, 3)}


async def measure_jobs(queue: JobQueue, count: int) -> dict[str, Any]:
    alone = await per_item(lambda: queue.submit(DOCUMENT), 200)
    ran_alone = await per_item(lambda: run_one(queue), 200)

    async def client(number: int) -> None:
        for _ in range(count // CLIENTS):
            await queue.submit(DOCUMENT, client=f"client {number}")

    async def submit_together() -> None:
        await asyncio.gather(*(client(number) for number in range(CLIENTS)))

    together = {name: round(spent / count, 3) for name, spent in (await per_item(submit_together, 1)).items()}
    job = (await queue.queued(count))[-1]
    figures = {
        "submit_alone": alone,
        "claim_record_finish_alone": ran_alone,
        "submit_together": together,
        "waiting": count,
        "claim_record_finish_then": await per_item(lambda: run_one(queue), 200),
        "position_of_the_last": await per_item(lambda: queue.waiting(job.id), 50),
        "first_hundred_in_order": await per_item(lambda: queue.queued(100), 5),
        "page_of_history": await per_item(lambda: queue.jobs(limit=50, whole=False), 20),
        "search": await per_item(lambda: queue.jobs(search="nothing", whole=False), 5),
        "cancel_all": await per_item(queue.cancel, 1),
    }
    listener = queue.hub.subscribe(after=max(0, queue.hub.last - 5000))
    cpu, replayed = time.process_time(), 0
    async for message in listener:
        replayed += 1
        if message.seq == queue.hub.last:
            break
    figures["replay_per_event_cpu_ms"] = round((time.process_time() - cpu) / replayed * 1000, 4)
    return figures


async def measure_events(queue: JobQueue, database: Database) -> dict[str, Any]:
    """One run of a large graph, told node by node as a worker does."""

    async def size() -> int:
        pages = "SELECT page_count * page_size AS size FROM pragma_page_count(), pragma_page_size()"
        return await database.read(lambda connection: connection.execute(pages).fetchone()["size"])

    before = await size()
    job, _ = await queue.submit(DOCUMENT)
    await queue.claim("w")
    listener = queue.hub.subscribe(after=queue.hub.last, job=job.id)
    nodes = [str(number) for number in range(NODES)]
    cpu = time.process_time()
    await queue.record(job.id, [("planned", {"steps": nodes, "cached": []})], "w")
    for node in nodes:
        place = {"node": node, "item": 0, "items": 1}
        await queue.record(job.id, [("node_started", place), ("node_finished", {"seconds": 0.0123} | place)], "w")
        for done in range(1, 21):
            queue.volatile(job.id, "progress", {"done": done, "total": 20} | place)
    await queue.finish(job.id, "w", State.SUCCEEDED)
    spent = time.process_time() - cpu
    sizes = []
    async for message in listener:
        sizes.append(len(message.text.encode()))
        if message.type == "succeeded":
            break
    return {
        "nodes": NODES,
        "messages": len(sizes),
        "bytes": sum(sizes),
        "bytes_of_one": statistics.median(sizes),
        "database_bytes": await size() - before,
        "cpu_ms_per_node": round(spent / NODES * 1000, 3),
    }


async def measure(folder: Path, count: int) -> dict[str, Any]:
    database = Database(folder / "server.sqlite", (QUEUE,))
    queue = JobQueue(database)
    try:
        return {"jobs": await measure_jobs(queue, count), "events": await measure_events(queue, database)}
    finally:
        database.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
        print(json.dumps(asyncio.run(measure(Path(name), jobs)), indent=2))
