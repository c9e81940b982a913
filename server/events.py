"""What happened, told to everybody who listens, however slowly they do.

State changes have a number and are in the database; progress and previews are not, and only the last of each node
counts. A listener costs a bounded amount of memory: one that falls behind goes on from the database, and one that is
hopelessly behind is told so.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from weakref import WeakSet

WAITING = 256  # messages held for a listener; after that it goes on from the database
VOLATILE = 64  # nodes whose last progress is held for a listener
CHUNK = 500  # messages read from the database at once
BOUND = 10_000  # messages that a listener may be behind before it is told to begin anew
ENDINGS = frozenset({"node_finished", "node_skipped", "node_errored", "node_blocked"})
JOB_ENDINGS = frozenset({"succeeded", "failed", "cancelled", "interrupted", "requeued", "forgotten"})


@dataclass(frozen=True)
class Message:
    """Something that happened. Without a ``seq`` it is not kept: it was replaced by the next of its kind."""

    seq: int | None
    job: str | None
    time: float
    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    blob: bytes | None = None
    """A picture, where ``data`` says of which media type."""

    @cached_property
    def text(self) -> str:
        """The message as JSON, without its blob; made once for all listeners."""
        members = {"seq": self.seq, "job": self.job, "time": round(self.time, 3), "type": self.type, "data": self.data}
        return json.dumps(members, separators=(",", ":"), ensure_ascii=False)

    @property
    def node(self) -> str | None:
        return self.data.get("node")


def lagged(missed: int, seq: int) -> Message:
    """What a listener is told that goes on after ``seq`` without having heard so many messages."""
    return Message(None, None, time.time(), "lagged", {"missed": missed, "seq": seq})


class Reader(Protocol):
    """Reads what is kept: messages after a number, of one job or of all, the oldest first."""

    def __call__(self, after: int, job: str | None, limit: int) -> Awaitable[list[Message]]: ...


class Hub:
    """Hands every message to those who listen for it. Belongs to one event loop."""

    def __init__(self, read: Reader, last: int):
        """``last`` is the number of the newest message that is kept."""
        self._read, self.last = read, last
        self._all: WeakSet[Subscription] = WeakSet()
        self._of_job: dict[str, WeakSet[Subscription]] = {}

    def publish(self, message: Message) -> None:
        """Hand over one message; numbered ones in the order of their numbers, once they are in the database."""
        self.last = message.seq or self.last
        for listener in (*self._all, *self._of_job.get(message.job or "", ())):
            listener.push(message)

    def is_watched(self, job: str) -> bool:
        """Whether anybody listens to this job."""
        return bool(self._all or self._of_job.get(job))

    def subscribe(self, after: int | None = None, job: str | None = None) -> Subscription:
        """Messages from now on, or from the number ``after`` on without a gap; of one job or of all."""
        where = self._all if job is None else self._of_job.setdefault(job, WeakSet())
        listener = Subscription(self, self._read, self.last if after is None else after, job)
        where.add(listener)
        return listener

    def leave(self, listener: Subscription, job: str | None) -> None:
        """Forget one who listened."""
        where = self._all if job is None else self._of_job.get(job, WeakSet())
        where.discard(listener)
        if job is not None and not where:
            self._of_job.pop(job, None)

    def close(self) -> None:
        """End all subscriptions: whoever iterates over one comes to its end."""
        for listener in (*self._all, *(one for some in self._of_job.values() for one in some)):
            listener.close()


class Subscription:
    """Messages for one who listens, as an async iterator; a context manager that leaves at the end.

    One that stays more than `BOUND` behind gets ``lagged`` with data ``{"missed", "seq"}``: it should ask for the state
    of things anew; what follows comes after that ``seq``. So does one that has seen more than ever happened here: it
    listened to another database.
    """

    def __init__(self, hub: Hub, read: Reader, seen: int, job: str | None):
        self._hub, self._read, self._job = hub, read, job
        self._seen, self._strange = min(seen, hub.last), seen > hub.last
        self._behind = seen < hub.last
        self._kept: deque[Message] = deque()
        self._volatile: dict[tuple[str | None, str | None, str], Message] = {}
        self._woken = asyncio.Event()
        self._closed = False
        self._stream = self._messages()

    @property
    def held(self) -> int:
        """How many messages it holds; more may be in the database."""
        return len(self._kept) + len(self._volatile)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Message:
        return await anext(self._stream)

    def close(self) -> None:
        """Leave. What was not taken is dropped."""
        self._closed = True
        self._hub.leave(self, self._job)
        self._woken.set()

    def push(self, message: Message) -> None:
        """Put a message where it waits to be taken."""
        self._woken.set()
        if message.seq is None:
            key = (message.job, message.node, message.type)
            self._volatile.pop(key, None)  # the newest goes last
            self._volatile[key] = message
            if len(self._volatile) > VOLATILE:
                del self._volatile[next(iter(self._volatile))]
            return
        self._drop_progress(message)
        if len(self._kept) == WAITING:
            self._kept.clear()
            self._behind = True
        if not self._behind:
            self._kept.append(message)

    async def _messages(self) -> AsyncIterator[Message]:
        if self._strange and self._job is None:
            yield lagged(self._seen, self._seen)
        while not self._closed:
            if self._behind:
                async for message in self._catch_up():
                    yield message
            while self._kept:
                message = self._kept.popleft()
                if self._is_news(message):
                    yield message
            while self._volatile and not self._kept and not self._behind:
                yield self._volatile.pop(next(iter(self._volatile)))
            await self._woken.wait()
            self._woken.clear()

    async def _catch_up(self) -> AsyncIterator[Message]:
        """What is in the database. What happens meanwhile is kept here, or is found there when that became too much."""
        while self._behind and not self._closed:
            missed = self._hub.last - self._seen
            if self._job is None and missed > BOUND:
                self._seen = self._hub.last
                yield lagged(missed, self._seen)
            self._behind = False
            found = await self._read(self._seen, self._job, CHUNK)
            if len(found) == CHUNK:
                self._kept.clear()
                self._behind = True
            for message in found:
                if self._is_news(message):
                    yield message

    def _is_news(self, message: Message) -> bool:
        """Whether it was not handed over yet; from now on it was."""
        if message.seq is None or message.seq <= self._seen:
            return False
        self._seen = message.seq
        return True

    def _drop_progress(self, message: Message) -> None:
        """Progress of what has ended is of no use to anybody."""
        whole, node = message.type in JOB_ENDINGS, message.type in ENDINGS
        if not self._volatile or not (whole or node):
            return
        for key in list(self._volatile):
            if key[0] == message.job and (whole or key[1] == message.node):
                del self._volatile[key]
