"""Jobs: submit, list, look at, cancel, try again, move, forget."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from server import containment
from server.fields import Anything, Either, Flag, ListOf, Member, Members, Number, OneOf, Text, Whole
from server.jobs import Job, NoSuchJob, State, WrongState
from server.parts import Parts
from server.refusals import bad_request
from server.routing import PREFIX, Body, Call, Reply, Routes, json_response, parse_json
from server.streams import MOST_EVENTS, event_page, event_stream, wants_stream
from server.submissions import Submission, Wanted, read_members, read_source, submission
from server.wire import WARNINGS, job_json
from workflows.pictures import is_picture

ROUTES = Routes("jobs")
ID = Member("id", Text(longest=100, shortest=1), "The job's id.", required=True)
ALONE = {"id": "(?!cancel$)[^/]+"}
"""What is not an id but an address of its own."""
HIGHEST = 1000  # of priorities, either way
LONGEST_TIMEOUT = 30 * 24 * 3600.0
STATES = tuple(str(state) for state in State)
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PRIORITY = Whole(-HIGHEST, HIGHEST)
SUBMISSION = Members(
    (
        Member("document", Anything("Our document, the API format or the editor's format."), "What to run."),
        Member("picture", Text(longest=500, shortest=1), "Instead: an uploaded picture that carries what to run."),
        Member("parameters", Anything(), "Values by name: the document's own inputs, or NODE.INPUT.", default={}),
        Member("targets", ListOf(Text(longest=500)), "Run what these nodes need, and nothing else."),
        Member("priority", PRIORITY, "Higher goes first.", default=0),
        Member("front", Flag(), "Before all others of its priority.", default=False),
        Member("client", Text(longest=200), "Who asks; the clients of a queue take turns.", default=""),
        Member("timeout", Number(0.1, LONGEST_TIMEOUT), "Seconds that it may run."),
        Member("id", Text(longest=36, shortest=36, pattern=UUID), "Its id, a UUID; made here if left out."),
        Member("partial", Flag(), "Run without those targets that cannot run.", default=False),
    )
)
KEY = Member(
    "Idempotency-Key",
    Text(longest=200, shortest=1),
    "The same key with the same request is the same job, however often it is sent.",
)
CANCELLED = Reply("The jobs that are stopped, or will be as soon as their workers can.", "JobIds")


@ROUTES.add(
    "POST",
    "/jobs",
    "Put a workflow into the queue",
    status=202,
    reply="Submitted",
    replies={200: Reply("This key was used before: here is its job.", "Submitted")},
    headers=(KEY,),
    body=Body(SUBMISSION, ("application/json", "image/png", "image/jpeg", "image/webp"), taken_as="bytes"),
)
async def submit(call: Call) -> web.Response:
    """The body is what is described here, a workflow by itself, or a picture that carries one."""
    queue = call.parts.queue
    asked, submitted = await asyncio.to_thread(_read, call.body, call.parts)
    job, created = await queue.submit(
        submitted.text,
        id=asked["id"] or str(uuid.uuid4()),
        client=asked["client"],
        priority=asked["priority"],
        front=asked["front"],
        key=call.headers["Idempotency-Key"],
        title=submitted.title,
        editor_text=submitted.document.editor_text,
        targets=submitted.targets,
        models=submitted.models,
        origin={WARNINGS: submitted.remarks()},
        timeout=asked["timeout"],
    )
    body = {"job": await _told(call.parts, job), "warnings": submitted.remarks(), "dropped": list(submitted.dropped)}
    return json_response(body, 202 if created else 200, {"Location": f"{PREFIX}/jobs/{job.id}"})


@ROUTES.add(
    "GET",
    "/jobs",
    "List jobs, the newest first",
    reply="Jobs",
    query=(
        Member("state", ListOf(OneOf(STATES), len(STATES), 1), "Only jobs in these states, with commas between them."),
        Member("client", Text(longest=200), "Only jobs of this client."),
        Member("search", Text(longest=200), "Only jobs with this text in title, id, client or models' names."),
        Member("limit", Whole(1, 500), "How many at most.", default=50),
        Member("before", Whole(1, 2**63 - 1), "Only jobs with smaller numbers: `next` of the page before."),
        Member("newest_first", Flag(), "Or the oldest first.", default=True),
    ),
)
async def list_jobs(call: Call) -> Mapping[str, Any]:
    """Without nodes; `next` goes on where this page ends."""
    asked = dict(call.query)
    states = asked.pop("state")
    wanted = None if states is None else [State(state) for state in states]
    found, total = await call.parts.queue.jobs(states=wanted, whole=False, **asked)
    more = str(found[-1].number) if len(found) == asked["limit"] else None
    return {"jobs": await told(call.parts, found), "total": total, "next": more}


@ROUTES.add("GET", "/jobs/{id}", "One job, with its nodes", reply="Job", in_path=(ID,), patterns=ALONE)
async def get_job(call: Call) -> Mapping[str, Any]:
    return await _told(call.parts, await _job(call), nodes=True)


@ROUTES.add("GET", "/jobs/{id}/document", "The workflow that a job runs", reply="Document", in_path=(ID,))
async def get_document(call: Call) -> web.Response:
    """As it was accepted, with the values of its parameters in their places."""
    return web.Response(text=(await _job(call)).document, content_type="application/json")


@ROUTES.add(
    "GET",
    "/jobs/{id}/events",
    "What happened to a job",
    reply=Reply("A page of events, or a stream of them.", "Events", ("application/json", "text/event-stream")),
    in_path=(ID,),
    query=(
        Member("after", Whole(0, 2**63 - 1), "Only events with greater numbers.", default=0),
        Member("limit", Whole(1, MOST_EVENTS), "How many at most.", default=1000),
    ),
)
async def get_events(call: Call) -> web.StreamResponse | Mapping[str, Any]:
    """`Accept: text/event-stream` goes on listening, with progress, until the job has ended."""
    job = await _job(call)
    if wants_stream(call.request):
        return await event_stream(call, call.query["after"], job)
    return await event_page(call.parts, call.query["after"], job.id, call.query["limit"])


@ROUTES.add("POST", "/jobs/{id}/cancel", "Stop a job", reply=CANCELLED, in_path=(ID,))
async def cancel_job(call: Call) -> Mapping[str, Any]:
    """A queued one ends at once, a running one within a block of its network."""
    job = await _job(call)
    return {"jobs": await call.parts.queue.cancel([job.id])}


@ROUTES.add(
    "POST",
    "/jobs/cancel",
    "Stop several jobs",
    reply=CANCELLED,
    body=Body(
        Members(
            (
                Member(
                    "jobs",
                    Either((ListOf(Text(longest=100)), OneOf(("all",)))),
                    'Ids, or "all" for whatever waits in the queue.',
                    required=True,
                ),
            )
        )
    ),
)
async def cancel_jobs(call: Call) -> Mapping[str, Any]:
    wanted = call.body["jobs"]
    return {"jobs": await call.parts.queue.cancel(None if wanted == "all" else wanted)}


@ROUTES.add("POST", "/jobs/{id}/retry", "Run an ended job again", reply="Job", in_path=(ID,))
async def retry_job(call: Call) -> Mapping[str, Any]:
    """What was made already is kept; it goes on after the last node that finished where that can be."""
    return await _told(call.parts, await call.parts.queue.retry(call.path["id"]))


@ROUTES.add("POST", "/jobs/{id}/resume", "Let an interrupted job go on", reply="Job", in_path=(ID,))
async def resume_job(call: Call) -> Mapping[str, Any]:
    """The same as trying it again."""
    return await _told(call.parts, await call.parts.queue.retry(call.path["id"]))


@ROUTES.add(
    "POST",
    "/jobs/{id}/move",
    "Change when a queued job runs",
    reply="Job",
    in_path=(ID,),
    body=Body(
        Members(
            (
                Member("to", OneOf(("front", "back")), "Before or after all others of its priority."),
                Member("before", Text(longest=100, shortest=1), "The id of the job that it goes before."),
                Member("priority", PRIORITY, "Its priority from now on."),
            )
        )
    ),
)
async def move_job(call: Call) -> Mapping[str, Any]:
    """Takes one of the three."""
    asked = {name: value for name, value in call.body.items() if value is not None}
    if len(asked) != 1:
        raise bad_request("say one of 'to', 'before' and 'priority'")
    return await _told(call.parts, await call.parts.queue.move(call.path["id"], **asked))


@ROUTES.add(
    "DELETE", "/jobs/{id}", "Remove an ended job from the history", reply="JobIds", in_path=(ID,), patterns=ALONE
)
async def forget_job(call: Call) -> Mapping[str, Any]:
    """Its pictures stay."""
    job = await _job(call)
    if not job.state.ended:
        raise WrongState(f"Job {job.id!r} is {job.state}. Stop it first.")
    return {"jobs": await call.parts.queue.forget([job.id])}


async def told(parts: Parts, jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Jobs as lists have them: without nodes, with how far those are that run."""
    return await asyncio.gather(*(_told(parts, job) for job in jobs))


async def _job(call: Call) -> Job:
    job = await call.parts.queue.job(call.path["id"])
    if job is None:
        raise NoSuchJob(call.path["id"])
    return job


async def _told(parts: Parts, job: Job, *, nodes: bool = False) -> dict[str, Any]:
    """A job as JSON; without ``nodes`` only how many of them are done is told, and that while it runs."""
    waiting = await parts.queue.waiting(job.id) if job.state == State.QUEUED else None
    events = await parts.queue.events(job=job.id, limit=1_000_000) if nodes or job.state == State.RUNNING else ()
    told = job_json(job, waiting, await parts.queue.outputs(job.id), events)
    if not nodes:
        del told["nodes"]
    return told


def _read(source: bytes, parts: Parts) -> tuple[dict[str, Any], Submission]:
    """What is asked for, and the submission. Raises Refused."""
    asked = SUBMISSION.read({}, "the body")
    if is_picture(source[:12]):
        document = read_source(source, parts.world, "the picture")
    elif not _is_request(value := parse_json(source)):
        document = read_members(value, parts.world)
    else:
        asked = SUBMISSION.read(value, "the body")
        if (asked["document"] is None) == (asked["picture"] is None):
            raise bad_request("say one of 'document' and 'picture'")
        if asked["document"] is not None:
            document = read_members(asked["document"], parts.world)
        else:
            path = containment.find(parts.folders["input"], asked["picture"])
            document = read_source(path.read_bytes(), parts.world, path.name)
    wanted = Wanted(asked["parameters"], asked["targets"], asked["partial"])
    return asked, submission(document, parts.world, wanted)


def _is_request(value: Any) -> bool:
    """Whether JSON is a request rather than a workflow by itself, whose nodes may be called anything."""
    if not isinstance(value, dict):
        return False
    match value:
        case {"picture": str()}:
            return True
        case {"document": dict() as document}:
            return "class_type" not in document
    return not value or any(name in value for name in ("document", "parameters"))
