"""The queue as a whole."""

import asyncio
from collections.abc import Mapping
from typing import Any

from server.jobs import State
from server.parts import Parts
from server.routes.jobs import told
from server.routing import Call, Routes

ROUTES = Routes("queue")
MOST = 200  # jobs that are listed; `GET /jobs` has the rest


@ROUTES.add("GET", "/queue", "What runs, what waits, and who works", reply="Queue")
async def get_queue(call: Call) -> Mapping[str, Any]:
    """Waiting jobs stand in the order in which they will start. ``seq`` is the number to hear of changes from."""
    return await _standing(call.parts)


@ROUTES.add("POST", "/queue/pause", "Start no further job", reply="Queue")
async def pause(call: Call) -> Mapping[str, Any]:
    """What runs goes on. The queue stays paused over a restart."""
    await call.parts.queue.pause()
    return await _standing(call.parts)


@ROUTES.add("POST", "/queue/resume", "Start jobs again", reply="Queue")
async def resume(call: Call) -> Mapping[str, Any]:
    await call.parts.queue.resume()
    return await _standing(call.parts)


async def _standing(parts: Parts) -> dict[str, Any]:
    queue = parts.queue
    seq = queue.hub.last
    running, _ = await queue.jobs(states=[State.RUNNING], limit=MOST, newest_first=False, whole=False)
    _, total = await queue.jobs(states=[State.QUEUED], limit=1, whole=False)
    told_running, told_waiting = await asyncio.gather(told(parts, running), told(parts, await queue.queued(MOST)))
    return {
        "paused": queue.paused,
        "seq": seq,
        "running": told_running,
        "queued": told_waiting,
        "waiting": total,
        "workers": [dict(worker) for worker in parts.workers.workers()],
    }
