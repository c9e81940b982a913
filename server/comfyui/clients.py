"""Those who listen on the public WebSocket, and what is told to all of them at once.

However many clients there are, the hub is listened to once, the course of a job is followed once and the queue is
counted once. A client costs a bounded amount of memory: one that does not read is dropped, and is told how things are
when it comes back.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiohttp import web

from server.comfyui.messages import ENDS, QUEUE_CHANGES, Course, Said, status
from server.database import DatabaseError
from server.events import Message
from server.jobs import State
from server.parts import Parts

LOG = logging.getLogger("patchbay.public")
BACKLOG = 4 << 20  # bytes that wait for one client
UNREAD = 20.0  # seconds that one message may take to be sent
COURSES = 256  # jobs whose course is followed
CHUNK = 1000  # events of a job that are read at once
STATUS_PAUSE = 0.1  # seconds between two countings of the queue
ALIVE = (State.QUEUED, State.RUNNING)
IN_A_RUN = frozenset({"planned", "progress", "preview", "failed", "succeeded", "cancelled", "interrupted", "requeued"})


class Client:
    """One connection: what waits to be sent over it. Of what only the last counts, only the last waits."""

    def __init__(self, name: str, socket: web.WebSocketResponse, transport: asyncio.Transport | None):
        self.id, self.socket, self.with_metadata = name, socket, False
        self._transport = transport
        self._waiting: dict[object, Said] = {}
        self._size = 0
        self._woken = asyncio.Event()

    def push(self, said: Said, replaces: object = None) -> None:
        """Send as soon as the client reads; ``replaces`` names what only the last one counts of."""
        key = object() if replaces is None else replaces
        self._size += len(said) - len(self._waiting.get(key, ""))
        self._waiting[key] = said
        self._woken.set()
        if self._size > BACKLOG:
            self.drop("does not read")

    def drop(self, reason: str) -> None:
        """Cut the connection: nothing polite would get through."""
        LOG.info("a client is dropped: it %s", reason)
        self._waiting.clear()
        self._size = 0
        if self._transport is not None:
            self._transport.abort()

    async def send(self, first: Sequence[str]) -> None:
        """Send what waits, and what will; ``first`` goes before all that."""
        try:
            for greeting in first:
                await self._send(greeting)
            while True:
                while self._waiting:
                    said = self._waiting.pop(next(iter(self._waiting)))
                    self._size -= len(said)
                    await self._send(said)
                self._woken.clear()
                await self._woken.wait()
        except TimeoutError:
            self.drop("does not read")
        except ConnectionError:
            pass  # it went, and whoever reads from it notices

    async def _send(self, said: Said) -> None:
        async with asyncio.timeout(UNREAD):
            if isinstance(said, bytes):
                await self.socket.send_bytes(said)
            else:
                await self.socket.send_str(said)


class Clients:
    """Everybody who listens, by name. Follows the events of the server as long as there is one."""

    def __init__(self, parts: Parts):
        self._parts = parts
        self._here: dict[str, Client] = {}
        self._courses: OrderedDict[str, Course | None] = OrderedDict()
        self._following: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[None] | None = None
        self._counted = 0.0

    def __contains__(self, name: str) -> bool:
        """Whether a client of this name listens."""
        return name in self._here

    async def join(self, client: Client) -> tuple[Client | None, list[str]]:
        """Tell a client everything from now on; returns the one whose place it takes, and what it is told first."""
        older = self._here.get(client.id)
        self._here[client.id] = client
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow())
        running = await self._what_runs(client)
        return older, [status(await remaining(self._parts), client.id), *running]

    async def leave(self, client: Client) -> None:
        """Tell a client nothing any more."""
        if self._here.get(client.id) is client:
            del self._here[client.id]
        if not self._here:
            await self.end()

    async def end(self) -> None:
        """Follow nothing any more."""
        tasks = [task for task in (self._following, self._counting) if task is not None]
        self._following = self._counting = None
        self._courses.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self) -> None:
        begin = self._parts.hub.last + 1
        with self._parts.hub.subscribe() as messages:
            async for message in messages:
                begin = begin if message.seq is None else message.seq
                try:
                    await self._spread(message, begin)
                except DatabaseError as error:  # the next event may be told again
                    LOG.warning("clients miss an event: %s", error)

    async def _spread(self, message: Message, begin: int) -> None:
        course = await self._course(message, begin)
        if course is not None:
            listeners = self._listeners(course)
            if message.type == "preview":
                _show(course, message, listeners)
            else:
                for said in course.say(message):
                    replaces = (said[:30], course.job.id, message.node) if message.type == "progress" else None
                    _tell(listeners, said, replaces)
        if message.type == "lagged":
            self._courses.clear()
        if message.type in QUEUE_CHANGES or message.type == "lagged":
            await self._tell_status()
        if course is not None and message.type in ENDS:
            _tell(self._listeners(course), course.over())
            del self._courses[course.job.id]

    def _listeners(self, course: Course) -> list[Client]:
        """Whoever sent the job; everybody where nobody said that it is his."""
        if not course.job.client:
            return list(self._here.values())
        client = self._here.get(course.job.client)
        return [] if client is None else [client]

    async def _course(self, message: Message, begin: int) -> Course | None:
        """The course of the job that an event belongs to; None where it does not run."""
        job_id = message.job
        if job_id is None or not (message.type in IN_A_RUN or message.type.startswith(("node_", "started"))):
            return None
        if message.type == "started" or job_id not in self._courses:
            self._courses[job_id] = await self._begun(job_id, begin)
            while len(self._courses) > COURSES:
                self._courses.popitem(last=False)
        return self._courses[job_id]

    async def _begun(self, job_id: str, begin: int) -> Course | None:
        """The course of a job that runs, with what happened in it before the event ``begin``."""
        job = await self._parts.queue.job(job_id)
        if job is None or job.started is None:
            return None
        course = Course(job, await asyncio.to_thread(_types, job.document))
        seen = 0
        while found := await self._parts.queue.events(after=seen, job=job_id, limit=CHUNK):
            for earlier in found:
                seen = earlier.seq or seen
                if seen < begin:
                    for _ in course.say(earlier):
                        pass
            if seen >= begin or len(found) < CHUNK:
                break
        return course

    async def _what_runs(self, client: Client) -> list[str]:
        """Which nodes of its jobs are running, for a client that comes back."""
        found = []
        running, _ = await self._parts.queue.jobs(states=[State.RUNNING], client=client.id, whole=False)
        for job in running:
            if job.id not in self._courses:
                self._courses[job.id] = await self._begun(job.id, self._parts.hub.last + 1)
            course = self._courses[job.id]
            if course is not None and (said := course.now()) is not None:
                found.append(said)
        return found

    async def _tell_status(self) -> None:
        """Count the queue, at most so often: where many jobs come or go at once, the last count is what matters."""
        if self._counting is not None and not self._counting.done():
            return
        pause = self._counted + STATUS_PAUSE - time.monotonic()
        if pause <= 0:
            await self._count(0)
        else:
            self._counting = asyncio.create_task(self._count(pause))

    async def _count(self, pause: float) -> None:
        await asyncio.sleep(pause)
        self._counted = time.monotonic()
        with suppress(DatabaseError):
            _tell(list(self._here.values()), status(await remaining(self._parts)), "status")


async def remaining(parts: Parts) -> int:
    """How many jobs wait or run."""
    _, total = await parts.queue.jobs(states=ALIVE, limit=0, whole=False)
    return total


def _tell(listeners: list[Client], said: str, replaces: object = None) -> None:
    for client in listeners:
        client.push(said, replaces)


def _show(course: Course, message: Message, listeners: list[Client]) -> None:
    """A picture in the one or two forms that these clients take."""
    for with_metadata in {client.with_metadata for client in listeners}:
        frame = course.preview(message, with_metadata=with_metadata)
        for client in listeners:
            if client.with_metadata is with_metadata:
                client.push(frame, ("preview", course.job.id, message.node))


def _types(document: str) -> dict[str, str]:
    """The class of each node of a document."""
    nodes: dict[str, Any] = json.loads(document).get("nodes") or {}
    return {name: str(node.get("class_type", "")) for name, node in nodes.items()}


CLIENTS: web.AppKey[Clients] = web.AppKey("public clients", Clients)
