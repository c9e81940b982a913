"""``/prompt``, ``/queue``, ``/history``, ``/interrupt``, ``/free`` and ``/object_info``."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from graph.errors import InvalidWorkflow
from graph.graph import check
from server.comfyui import errors, listings
from server.comfyui.clients import remaining
from server.comfyui.errors import error
from server.comfyui.object_info import Definitions
from server.comfyui.records import history, origin_of
from server.jobs import Conflict, State
from server.parts import PARTS, Parts
from server.refusals import Refused
from server.routing import json_response, parse_json
from server.submissions import Submission, Wanted, read_members, submission
from server.wire import WARNINGS
from workflows.lenient_json import is_finite, write_json

SECRET = frozenset({"auth_token_comfy_org", "api_key_comfy_org"})
"""What clients send for services that Patchbay has nothing to do with: never kept."""
LONGEST = 10_000  # jobs in one answer
PROMPT_ID = re.compile(r"\w[\w.:\-]{0,99}", re.ASCII)
Json = web.Response


async def post_prompt(request: web.Request) -> Json:
    """Accept a prompt; those of its outputs that cannot run are left out and said."""
    parts = request.app[PARTS]
    try:
        body = await read_object(request)
    except Refused as refusal:
        return _refused(error("invalid_prompt", refusal.detail))
    prompt = body.get("prompt")
    if prompt is None:
        return _refused(error("no_prompt", "No prompt provided", "No prompt provided"))
    if not isinstance(prompt, dict) or not prompt:
        return _refused(error("invalid_prompt", "'prompt' must be an object of nodes"))
    if not is_finite(prompt):
        return _refused(error("invalid_prompt", "a prompt holds no NaN and no infinity"))
    wanted = body.get("partial_execution_targets")
    if wanted is not None and not (isinstance(wanted, list) and all(isinstance(target, str) for target in wanted)):
        return _refused(error("invalid_prompt", "'partial_execution_targets' must be a list of node ids"))
    try:
        prompt_id, order = _id(body.get("prompt_id")), _number(body.get("number"))
        client = _text(body, "client_id")
        extra = {} if body.get("extra_data") is None else body["extra_data"]
        if not isinstance(extra, dict):
            raise ValueError("'extra_data' must be an object")
        found, node_errors = await asyncio.to_thread(_read, prompt, extra, wanted, parts)
    except ValueError as fault:
        return _refused(error("invalid_prompt", str(fault)))
    except InvalidWorkflow as fault:
        listed = await asyncio.to_thread(_node_errors, fault, prompt, parts)
        return _refused(errors.whole(fault.problems), listed)
    kept = {name: value for name, value in extra.items() if name not in SECRET and name != "extra_pnginfo"}
    front = body.get("front") is True
    try:
        job, _ = await parts.queue.submit(
            found.text,
            id=prompt_id,
            client=client,
            front=front,
            order=order,
            title=found.title,
            editor_text=found.document.editor_text,
            targets=found.targets,
            models=found.models,
            origin={WARNINGS: found.remarks()} | origin_of(kept, order, _workflow(extra), found.graph.targets),
        )
    except Conflict as fault:
        return _refused(error("invalid_prompt", str(fault)))
    number = order if order is not None else -job.number if front else job.number
    return json_response({"prompt_id": job.id, "number": number, "node_errors": node_errors})


async def get_prompt(request: web.Request) -> Json:
    return json_response({"exec_info": {"queue_remaining": await remaining(request.app[PARTS])}})


async def get_queue(request: web.Request) -> web.StreamResponse:
    parts = request.app[PARTS]
    running, waiting = listings.running(parts, LONGEST), listings.queued(parts, LONGEST)
    return await listings.send(
        request,
        '{"queue_running":[',
        listings.items(running),
        '],"queue_pending":[',
        listings.items(waiting),
        "]}",
    )


async def post_queue(request: web.Request) -> Json:
    """Take jobs out of the queue; those that run are left alone."""
    queue, body = request.app[PARTS].queue, await read_object(request)
    if body.get("clear"):
        await queue.cancel(None)
    ids = _ids(body)
    waiting = [job.id for job_id in ids if (job := await queue.job(job_id)) and job.state is not State.RUNNING]
    if waiting:
        await queue.cancel(waiting)
    return web.Response()


async def post_interrupt(request: web.Request) -> Json:
    """Stop what runs, or one job if it runs."""
    queue, body = request.app[PARTS].queue, await read_object(request, optional=True)
    running, _ = await queue.jobs(states=[State.RUNNING], limit=LONGEST, whole=False)
    wanted = body.get("prompt_id")
    stopped = [job.id for job in running if wanted is None or job.id == wanted]
    if stopped:
        await queue.cancel(stopped)
    return web.Response()


async def post_free(request: web.Request) -> Json:
    body = await read_object(request, optional=True)
    models, cache = bool(body.get("unload_models")), bool(body.get("free_memory"))
    await request.app[PARTS].workers.free(models=models or cache, cache=cache)
    return web.Response()


async def get_history(request: web.Request) -> web.StreamResponse:
    """Ended jobs, the oldest first; ``max_items`` of the newest, or from ``offset`` on."""
    parts = request.app[PARTS]
    most, offset = _query_number(request, "max_items"), _query_number(request, "offset")
    limit = LONGEST if most is None or most < 0 else min(most, LONGEST)
    pages = listings.ended(parts, limit, None if offset is None or offset < 0 else offset)
    return await listings.send(request, "{", listings.entries(parts, pages), "}")


async def get_history_of(request: web.Request) -> Json:
    parts = request.app[PARTS]
    job = await parts.queue.job(request.match_info["prompt_id"])
    if job is None or not job.state.ended:
        return json_response({})
    made = await parts.queue.made_by([job])
    return json_response({job.id: await asyncio.to_thread(history, job, made[job.id])})


async def post_history(request: web.Request) -> Json:
    queue, body = request.app[PARTS].queue, await read_object(request)
    if body.get("clear"):
        await queue.forget(older_than=float("inf"))
    if ids := _ids(body):
        await queue.forget(ids)
    return web.Response()


async def get_object_info(request: web.Request) -> Json:
    return json_response(await asyncio.to_thread(definitions(request.app[PARTS]).all))


async def get_object_info_of(request: web.Request) -> Json:
    return json_response(await asyncio.to_thread(definitions(request.app[PARTS]).one, request.match_info["node"]))


def definitions(parts: Parts) -> Definitions:
    return Definitions(parts.world.registry, parts.world.choices)


async def read_object(request: web.Request, *, optional: bool = False) -> dict[str, Any]:
    """A body that is a JSON object. Raises Refused."""
    source = await request.read()
    if not source and optional:
        return {}
    value = parse_json(source)
    if not isinstance(value, dict):
        raise Refused(400, "bad_request", "the body must be a JSON object")
    return value


def _read(
    prompt: dict[str, Any], extra: Mapping[str, Any], wanted: list[str] | None, parts: Parts
) -> tuple[Submission, dict[str, Any]]:
    """The prompt as something to run, and what of it cannot. Raises InvalidWorkflow."""
    world = parts.world
    document = read_members({"format": "patchbay/1", "nodes": prompt}, world)
    if (workflow := _workflow(extra)) is not None:
        document = replace(document, editor_text=write_json(workflow))
    try:
        found = submission(document, world, Wanted(targets=wanted, partial=True))
    except Refused as refusal:
        raise InvalidWorkflow(refusal.problems) from refusal
    if not found.dropped:
        return found, {}
    problems = check(document.workflow, world.registry, world.choices, targets=wanted)
    return found, errors.of_nodes(problems, document.workflow, definitions(parts))


def _workflow(extra: Mapping[str, Any]) -> dict[str, Any] | None:
    """The file of the client's editor, where it sent one."""
    sent = extra.get("extra_pnginfo")
    workflow = sent.get("workflow") if isinstance(sent, dict) else None
    return workflow if isinstance(workflow, dict) else None


def _node_errors(fault: InvalidWorkflow, prompt: dict[str, Any], parts: Parts) -> dict[str, Any]:
    workflow = read_members({"format": "patchbay/1", "nodes": prompt}, parts.world).workflow
    return errors.of_nodes(fault.problems, workflow, definitions(parts))


def _refused(fault: Mapping[str, Any], node_errors: Mapping[str, Any] | None = None) -> Json:
    return json_response({"error": fault, "node_errors": node_errors or {}}, 400)


def _id(given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not PROMPT_ID.fullmatch(given):
        raise ValueError("'prompt_id' must be a text of at most 100 letters, digits, dashes, dots and colons")
    return given


def _number(given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise ValueError("'number' must be a number")
    try:
        number = float(given)
    except (ValueError, OverflowError) as error:
        raise ValueError("'number' must be a number") from error
    if not is_finite(number):
        raise ValueError("'number' must be a finite number")
    return number


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str) or len(value) > 200:
        raise ValueError(f"{name!r} must be a text of at most 200 characters")
    return value


def _ids(body: Mapping[str, Any]) -> list[str]:
    ids = body.get("delete") or []
    if not isinstance(ids, list) or not all(isinstance(job_id, str) for job_id in ids):
        raise Refused(400, "bad_request", "'delete' must be a list of prompt ids")
    return ids


def _query_number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        number = json.loads(text)
    except ValueError:
        number = None
    if type(number) is not int or abs(number) > 2**62:
        raise Refused(400, "bad_request", f"{name!r} must be a whole number")
    return number
