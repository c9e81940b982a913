"""``/jobs``: the queue and the history of the newer front ends."""

import asyncio
from collections.abc import Mapping, Sequence

from aiohttp import web

from server.comfyui.prompts import read_object
from server.comfyui.records import STATES, summary, whole, workflow_id
from server.jobs import Job, State
from server.parts import PARTS, Parts
from server.refusals import Refused, not_found
from server.routing import json_response

MOST = 1000  # jobs in one answer
SEARCHED = 100_000  # jobs that are looked through where the database cannot sort or choose them
CREATED, DURATION = "created_at", "execution_duration"
SORTED_BY, ORDERS = (CREATED, "create_time", DURATION), ("desc", "asc")


async def list_jobs(request: web.Request) -> web.Response:
    """Jobs with the given statuses, the newest first unless asked otherwise."""
    parts, query = request.app[PARTS], request.query
    states, wanted = _states(query.get("status")), query.get("workflow_id")
    limit, offset = _number(request, "limit", 100, 1, MOST), _number(request, "offset", 0, 0, 2**62)
    by, newest_first = _one_of(query, "sort_by", SORTED_BY), _one_of(query, "sort_order", ORDERS) == "desc"
    if wanted is None and by == CREATED:
        jobs, total = await parts.queue.jobs(
            states=states, limit=limit, offset=offset, newest_first=newest_first, whole=False
        )
    else:
        every, _ = await parts.queue.jobs(states=states, limit=SEARCHED, newest_first=newest_first, whole=False)
        found = [job for job in every if wanted is None or workflow_id(job) == wanted]
        if by == DURATION:
            found.sort(key=_seconds, reverse=newest_first)
        jobs, total = found[offset : offset + limit], len(found)
    made = await parts.queue.made_by(jobs)
    return json_response(
        {
            "jobs": [summary(job, made[job.id]) for job in jobs],
            "pagination": {
                "offset": offset,
                "limit": limit,
                "total": total,
                "has_more": offset + len(jobs) < total,
            },
        }
    )


async def get_job(request: web.Request) -> web.Response:
    parts = request.app[PARTS]
    job = await _job(request, parts)
    made = await parts.queue.made_by([job])
    return json_response(await asyncio.to_thread(whole, job, made[job.id]))


async def cancel_job(request: web.Request) -> web.Response:
    parts = request.app[PARTS]
    job = await _job(request, parts)
    await parts.queue.cancel([job.id])
    return json_response({"id": job.id, "cancelled": True})


async def cancel_jobs(request: web.Request) -> web.Response:
    """Those that are named; all that wait or run where none is."""
    parts = request.app[PARTS]
    body = await read_object(request, optional=True)
    ids = body.get("job_ids", body.get("ids"))
    if ids is None:
        alive, _ = await parts.queue.jobs(states=[State.QUEUED, State.RUNNING], limit=100_000, whole=False)
        ids = [job.id for job in alive]
    if not isinstance(ids, list) or not all(isinstance(job_id, str) for job_id in ids):
        raise Refused(400, "bad_request", "'job_ids' must be a list of job ids")
    return json_response({"cancelled": await parts.queue.cancel(ids)})


async def _job(request: web.Request, parts: Parts) -> Job:
    job = await parts.queue.job(request.match_info["id"])
    if job is None:
        raise not_found("there is no job of this id")
    return job


def _states(text: str | None) -> list[State] | None:
    if not text:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in STATES]
    if unknown:
        raise Refused(400, "bad_request", f"there is no status {unknown[0][:50]!r}; there are {', '.join(STATES)}")
    return [state for name in names for state in STATES[name]]


def _one_of(query: Mapping[str, str], name: str, known: Sequence[str]) -> str:
    """A parameter that is one of a few words, the first if it is not there."""
    said = query.get(name, known[0]).lower()
    if said not in known:
        raise Refused(400, "bad_request", f"{name!r} must be one of {', '.join(known)}")
    return known[0] if said == "create_time" else said


def _seconds(job: Job) -> float:
    """How long it took; nothing for what has not ended."""
    return job.finished - job.started if job.started is not None and job.finished is not None else 0.0


def _number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        raise Refused(400, "bad_request", f"{name!r} must be a whole number, {low} or more")
    return min(max(int(text), low), high)
