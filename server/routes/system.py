"""The server about itself: is it well, what does it do, let go of memory; and how many tokens a prompt has."""

import asyncio
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from server.fields import Flag, Member, Members, OneOf, Text
from server.jobs import State
from server.metrics import COUNTED, MEDIA_TYPE, Sample, exposition, rss
from server.refusals import unavailable
from server.routing import Body, Call, Reply, Routes
from server.socket import SOCKETS

ROUTES = Routes("system")
LONGEST_PROMPT = 20_000  # characters


@ROUTES.add("GET", "/health", "Whether the server answers", reply="Health", below="")
async def health(call: Call) -> Mapping[str, Any]:
    """Needs no token and tells nothing else."""
    return {"status": "ok", "version": call.parts.version}


@ROUTES.add(
    "GET",
    "/metrics",
    "Numbers for Prometheus",
    reply=Reply("The text format.", media_types=("text/plain",)),
    below="",
)
async def metrics(call: Call) -> web.Response:
    counted, app = call.request.app[COUNTED], call.request.app
    states = await _states(call)
    requests: Iterable[Sample] = (
        ({"method": method, "route": route, "status": str(status)}, count)
        for (method, route, status), count in sorted(counted.requests.items())
    )
    seconds: Iterable[Sample] = (
        ({"method": method, "route": route}, spent) for (method, route), spent in sorted(counted.seconds.items())
    )
    workers = call.parts.workers.workers()
    text = exposition(
        [
            (
                "patchbay_jobs",
                "gauge",
                "Jobs by state.",
                [({"state": state}, count) for state, count in states.items()],
            ),
            ("patchbay_queue_paused", "gauge", "1 while no job is begun.", [({}, int(call.parts.queue.paused))]),
            ("patchbay_workers", "gauge", "Workers by device and state.", _by_state(workers)),
            ("patchbay_events_total", "counter", "Events that were kept.", [({}, call.parts.hub.last)]),
            ("patchbay_sockets", "gauge", "Open WebSockets.", [({}, len(app[SOCKETS].open))]),
            ("patchbay_http_requests_total", "counter", "Requests by route.", requests),
            ("patchbay_http_seconds_total", "counter", "Seconds spent on them.", seconds),
            ("process_cpu_seconds_total", "counter", "CPU time of the server process.", [({}, time.process_time())]),
            ("process_resident_memory_bytes", "gauge", "Its memory.", [({}, rss())]),
            ("process_start_time_seconds", "gauge", "When it began.", [({}, counted.began)]),
        ]
    )
    return web.Response(body=text.encode(), headers={"Content-Type": MEDIA_TYPE})


@ROUTES.add("GET", "/stats", "What the server and its workers hold", reply="Stats")
async def stats(call: Call) -> Mapping[str, Any]:
    """Memory in bytes; what of the disk is free for pictures."""
    disk = await asyncio.to_thread(shutil.disk_usage, call.parts.folders["output"].parent)
    return {
        "version": call.parts.version,
        "uptime": round(time.time() - call.request.app[COUNTED].began, 3),
        "cpu_seconds": round(time.process_time(), 3),
        "rss": rss(),
        "process": os.getpid(),
        "jobs": await _states(call),
        "paused": call.parts.queue.paused,
        "sockets": len(call.request.app[SOCKETS].open),
        "last_event": call.parts.hub.last,
        "disk": {"total": disk.total, "free": disk.free},
        "workers": [dict(worker) for worker in call.parts.workers.workers()],
    }


@ROUTES.add(
    "POST",
    "/free",
    "Let go of models and of kept outputs",
    reply="Freed",
    body=Body(
        Members(
            (
                Member("models", Flag(), "Models that are on a device.", default=True),
                Member("cache", Flag(), "Outputs of nodes that are kept in memory.", default=True),
            )
        ),
        required=False,
    ),
)
async def free(call: Call) -> Mapping[str, Any]:
    """Workers do it as soon as they run nothing."""
    await call.parts.workers.free(models=call.body["models"], cache=call.body["cache"])
    return dict(call.body)


@ROUTES.add(
    "POST",
    "/tokens",
    "Count the tokens of a prompt",
    reply="Tokens",
    body=Body(
        Members(
            (
                Member("text", Text(longest=LONGEST_PROMPT), "The prompt.", required=True),
                Member("rules", OneOf(("default", "a1111")), "By whose rules it is read.", default="default"),
            )
        )
    ),
)
async def count_tokens(call: Call) -> Mapping[str, Any]:
    """As Stable Diffusion's text encoder counts; `unknown` are embeddings that are named and not there."""
    if call.parts.count_tokens is None:
        raise unavailable("this server has no tokenizer")
    return await asyncio.to_thread(call.parts.count_tokens, call.body["text"], call.body["rules"])


async def _states(call: Call) -> dict[str, int]:
    found = await call.parts.database.read(
        lambda connection: connection.execute("SELECT state, count(*) FROM job GROUP BY state").fetchall()
    )
    return {str(state): 0 for state in State} | {row[0]: row[1] for row in found}


def _by_state(workers: Iterable[Mapping[str, Any]]) -> list[Sample]:
    return [({"device": str(worker["device"]), "state": str(worker["state"])}, 1) for worker in workers]
