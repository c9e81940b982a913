"""``/jobs``: the queue and the history of the newer front ends."""

from aiohttp import web

from server.comfyui.prompts import read_object
from server.comfyui.records import STATES, Records
from server.jobs import Job, State
from server.parts import PARTS, Parts
from server.refusals import Refused, not_found
from server.routing import json_response

MOST = 1000  # jobs in one answer


async def list_jobs(request: web.Request) -> web.Response:
    """Jobs with the given statuses, the newest first unless asked otherwise."""
    parts = request.app[PARTS]
    states = _states(request.query.get("status"))
    limit, offset = _number(request, "limit", 100, 1, MOST), _number(request, "offset", 0, 0, 2**62)
    newest_first = request.query.get("sort_order", "desc").lower() != "asc"
    records = Records(parts)
    jobs, total = await parts.queue.jobs(states=states, limit=limit, offset=offset, newest_first=newest_first)
    told = [await records.summary(job) for job in jobs]
    wanted = request.query.get("workflow_id")
    if wanted:
        told = [job for job in told if job["workflow_id"] == wanted]
    return json_response(
        {
            "jobs": told,
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
    return json_response(await Records(parts).whole(await _job(request, parts)))


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


def _number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        raise Refused(400, "bad_request", f"{name!r} must be a whole number from {low}")
    return min(max(int(text), low), high)
