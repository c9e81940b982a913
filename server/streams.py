"""Events over HTTP: server-sent events, long polls and pages. What each says is one and the same JSON."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from aiohttp import hdrs, web

from server.events import JOB_ENDINGS, Message, lagged
from server.jobs import Job
from server.parts import Parts
from server.routing import Call
from server.wire import event_json

MOST_EVENTS = 5000
ALIVE = 15.0  # seconds after which a quiet stream says that it is there
STREAM = "text/event-stream"
ENDINGS = JOB_ENDINGS - {"requeued"}


def wants_stream(request: web.Request) -> bool:
    """Whether a client asks for server-sent events."""
    return STREAM in request.headers.get(hdrs.ACCEPT, "")


async def event_page(parts: Parts, after: int, job: str | None, limit: int) -> dict[str, Any]:
    """Events that are kept; ``next`` is the number to go on from."""
    found = await parts.queue.events(after=after, job=job, limit=limit)
    return _page(found, after)


async def long_poll(parts: Parts, after: int, limit: int, seconds: float) -> Mapping[str, Any]:
    """The same, but wait for the first one; who asks for what follows a number that is not given yet is told so."""
    page = await event_page(parts, after, None, limit)
    if after > parts.hub.last and after > (last := await parts.queue.last_event()):
        return {"events": [event_json(lagged(last, last))], "next": last}
    if page["events"] or not seconds:
        return page
    with suppress(TimeoutError), parts.hub.subscribe(after) as messages:
        async with asyncio.timeout(seconds):
            async for message in messages:
                if message.seq is not None:
                    break
    return await event_page(parts, after, None, limit)


async def event_stream(call: Call, after: int | None, job: Job | None = None) -> web.StreamResponse:
    """Server-sent events, ``id`` being the number; of one job until it has ended, of all for as long as somebody reads.

    Pictures are not sent: they have no place in a text.
    """
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: STREAM, "X-Accel-Buffering": "no"})
    await response.prepare(call.request)
    with suppress(ConnectionError):  # whoever listened has gone
        await _tell(call, response, after, job)
    return response


async def with_pauses(messages: AsyncIterator[Message], seconds: float) -> AsyncIterator[Message | None]:
    """The messages, and None whenever none came for a while."""
    waiting: asyncio.Task[Message] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(messages))  # type: ignore[arg-type]
            done, _ = await asyncio.wait({waiting}, timeout=seconds)
            if not done:
                yield None
                continue
            finished, waiting = waiting, None
            try:
                message = finished.result()
            except StopAsyncIteration:
                return
            yield message
    finally:
        if waiting is not None:
            waiting.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await waiting


async def _tell(call: Call, response: web.StreamResponse, after: int | None, job: Job | None) -> None:
    await response.write(b": listening\n\n")
    if job is not None and job.state.ended:
        while found := await call.parts.queue.events(after=after or 0, job=job.id, limit=MOST_EVENTS):
            after = found[-1].seq
            await response.write(b"".join(map(_as_text, found)))
    else:
        with call.parts.hub.subscribe(after, job.id if job else None) as messages:
            async for message in with_pauses(messages, ALIVE):
                if message is None:
                    await response.write(b": alive\n\n")
                elif message.blob is None:
                    await response.write(_as_text(message))
                    if job is not None and message.type in ENDINGS and not await _goes_on(call.parts, message):
                        break
    await response.write_eof()


async def _goes_on(parts: Parts, ending: Message) -> bool:
    """Whether more is known to have happened to a job since it ended: it was tried again."""
    return bool(await parts.queue.events(after=ending.seq or 0, job=ending.job, limit=1))


def _as_text(message: Message) -> bytes:
    number = f"id: {message.seq}\n" if message.seq is not None else ""
    return f"{number}event: {message.type}\ndata: {message.text}\n\n".encode()


def _page(found: list[Message], after: int) -> dict[str, Any]:
    numbers = [message.seq for message in found if message.seq is not None]
    return {"events": [event_json(message) for message in found], "next": numbers[-1] if numbers else after}
