"""``/ws``: one connection for each client; a newer one of the same name takes the place of the older."""

import asyncio
import json
import time
import uuid
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from server.comfyui.logs import LOGS, Logs
from server.comfyui.messages import ENDS, QUEUE_CHANGES, Course, status, text
from server.comfyui.prompts import remaining
from server.jobs import State
from server.parts import PARTS, Parts
from server.socket import SOCKETS
from workflows.document import read_document

HEARTBEAT = 20.0  # seconds between pings
LARGEST = 1 << 20  # bytes of what a client says
COURSES = 16  # jobs whose course is remembered for a client
MOST_EVENTS = 100_000
STATUS_PAUSE = 0.1  # seconds between two countings of the queue
METADATA = "supports_preview_metadata"


@dataclass
class Client:
    """One that listens."""

    id: str
    socket: web.WebSocketResponse
    with_metadata: bool = False
    courses: OrderedDict[str, Course | None] = field(default_factory=OrderedDict)
    counted: float = 0.0
    """When the queue was last counted for it."""
    counting: asyncio.Task[None] | None = None


CLIENTS: web.AppKey[dict[str, Client]] = web.AppKey("public clients", dict)


def features(parts: Parts) -> dict[str, Any]:
    """What this server can do, as clients ask for it."""
    return {METADATA: True, "max_upload_size": parts.limits.upload}


async def serve(request: web.Request) -> web.WebSocketResponse:
    """Talk until the client goes."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LARGEST, compress=False)
    await socket.prepare(request)
    parts, clients = request.app[PARTS], request.app[CLIENTS]
    client = Client(request.query.get("clientId", "")[:200] or uuid.uuid4().hex, socket)
    older = clients.get(client.id)
    clients[client.id] = client
    if older is not None:
        await older.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"the client came back")
    request.app[SOCKETS].open.add(socket)
    telling = asyncio.create_task(_tell(parts, client))
    logging = asyncio.create_task(_tell_logs(request.app[LOGS], client))
    try:
        async for said in socket:
            if said.type is WSMsgType.TEXT:
                await _listen(parts, client, said.data)
    except ConnectionError:
        pass  # the client went while it was being answered
    finally:
        request.app[SOCKETS].open.discard(socket)
        if clients.get(client.id) is client:
            del clients[client.id]
        request.app[LOGS].subscribe(client.id, wanted=False)
        tasks = [task for task in (telling, logging, client.counting) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return socket


async def _listen(parts: Parts, client: Client, said: str) -> None:
    """Clients say what they can take; whatever else they say is for others."""
    with suppress(ValueError, RecursionError):
        message = json.loads(said)
        if isinstance(message, dict) and message.get("type") == "feature_flags":
            flags = message.get("data")
            client.with_metadata = isinstance(flags, dict) and flags.get(METADATA) is True
            await client.socket.send_str(text("feature_flags", **features(parts)))


async def _tell(parts: Parts, client: Client) -> None:
    with parts.hub.subscribe() as messages:
        begin = parts.hub.last + 1
        await client.socket.send_str(status(await remaining(parts), client.id))
        await _tell_what_runs(parts, client, begin)
        async for message in messages:
            begin = begin if message.seq is None else message.seq
            course = await _course(parts, client, message.job, begin) if message.job is not None else None
            if course is not None:
                for said in course.say(message, with_metadata=client.with_metadata):
                    await _send(client, said)
            if message.type in QUEUE_CHANGES or message.type == "lagged":
                await _tell_status(parts, client)
            if course is not None and message.type in ENDS:
                await _send(client, course.over())
                del client.courses[course.job.id]


async def _tell_status(parts: Parts, client: Client) -> None:
    """Count the queue, at most so often: where many jobs come or go at once, the last count is the one that matters."""
    if client.counting is not None and not client.counting.done():
        return
    pause = client.counted + STATUS_PAUSE - time.monotonic()
    if pause <= 0:
        await _count(parts, client, 0)
    else:
        client.counting = asyncio.create_task(_count(parts, client, pause))


async def _count(parts: Parts, client: Client, pause: float) -> None:
    await asyncio.sleep(pause)
    client.counted = time.monotonic()
    if not client.socket.closed:
        await client.socket.send_str(status(await remaining(parts)))


async def _send(client: Client, said: str | bytes) -> None:
    if isinstance(said, bytes):
        await client.socket.send_bytes(said)
    else:
        await client.socket.send_str(said)


async def _tell_what_runs(parts: Parts, client: Client, begin: int) -> None:
    """A client that comes back hears which node of its job is running."""
    running, _ = await parts.queue.jobs(states=[State.RUNNING], client=client.id, whole=False)
    for job in running:
        course = await _course(parts, client, job.id, begin)
        if course is not None and (said := course.now()) is not None:
            await client.socket.send_str(said)


async def _course(parts: Parts, client: Client, job_id: str, begin: int) -> Course | None:
    """The course of a job that this client should hear of: its own, or one that nobody called his.

    What happened before the event ``begin`` is taken note of, not told.
    """
    if job_id not in client.courses:
        job = await parts.queue.job(job_id)
        course = None
        if job is not None and job.client in ("", client.id):
            document = await asyncio.to_thread(read_document, job.document)
            course = Course(job, {node_id: node.type for node_id, node in document.workflow.nodes.items()})
            for earlier in await parts.queue.events(job=job_id, limit=MOST_EVENTS):
                if earlier.seq is not None and earlier.seq < begin:
                    for _ in course.say(earlier, with_metadata=False):
                        pass
        client.courses[job_id] = course
        while len(client.courses) > COURSES:
            client.courses.popitem(last=False)
    client.courses.move_to_end(job_id)
    return client.courses[job_id]


async def _tell_logs(logs: Logs, client: Client) -> None:
    """Lines of the log, for clients that asked for them."""
    async for entries in logs.lines(client.id):
        await client.socket.send_str(text("logs", entries=entries, size=None))
