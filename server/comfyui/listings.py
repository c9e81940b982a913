"""Answers that tell of many jobs: read, written and sent page by page, so that neither memory nor the loop feels it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial

from aiohttp import hdrs, web

from server.comfyui import records
from server.history import Made
from server.jobs import Job, State
from server.parts import Parts

PAGE = 100  # jobs that are in memory at once
ENDED = tuple(state for state in State if state.ended)


async def ended(parts: Parts, most: int, offset: int | None) -> AsyncIterator[Sequence[Job]]:
    """Ended jobs, the oldest first: ``most`` of them from ``offset`` on, or the newest where that is None."""
    if offset is None:
        _, total = await parts.queue.jobs(states=ENDED, limit=0, whole=False)
        offset = max(0, total - most)
    before = None
    while most > 0:
        found, _ = await parts.queue.jobs(
            states=ENDED,
            limit=min(PAGE, most),
            before=before,
            offset=offset if before is None else 0,
            newest_first=False,
        )
        if not found:
            return
        yield found
        most, before = most - len(found), found[-1].number


async def queued(parts: Parts, most: int) -> AsyncIterator[Sequence[Job]]:
    """Waiting jobs as they will go. The order is taken once; who begins or goes away meanwhile is left out."""
    waiting = await parts.queue.queued(limit=most)
    for place in range(0, len(waiting), PAGE):
        page = [job.number for job in waiting[place : place + PAGE]]
        yield await parts.queue.numbered(page, State.QUEUED)


async def running(parts: Parts, most: int) -> AsyncIterator[Sequence[Job]]:
    """Jobs that run, the oldest first."""
    found, _ = await parts.queue.jobs(states=[State.RUNNING], limit=most, newest_first=False)
    yield found


async def items(pages: AsyncIterator[Sequence[Job]]) -> AsyncIterator[str]:
    """Jobs as items of the queue."""
    async for page in pages:
        yield await asyncio.to_thread(_written, page, lambda job: json.dumps(records.item(job)))


async def entries(parts: Parts, pages: AsyncIterator[Sequence[Job]]) -> AsyncIterator[str]:
    """Jobs as members of the history."""
    async for page in pages:
        made = await parts.queue.made_by(page)
        yield await asyncio.to_thread(_written, page, partial(_entry, made))


async def send(request: web.Request, *pieces: str | AsyncIterator[str]) -> web.StreamResponse:
    """JSON that is put together from texts and from lists of members."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "application/json"})
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    for piece in pieces:
        if isinstance(piece, str):
            await response.write(piece.encode())
            continue
        first = True
        async for members in piece:
            if members:
                await response.write((members if first else f",{members}").encode())
                first = False
    await response.write_eof()
    return response


def _written(page: Iterable[Job], write: Callable[[Job], str]) -> str:
    """One by one: what writes JSON lets nobody else run until it is done."""
    return ",".join(map(write, page))


def _entry(made: Mapping[str, Made], job: Job) -> str:
    return f"{json.dumps(job.id)}:{json.dumps(records.history(job, made[job.id]))}"
