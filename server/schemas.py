"""What the API answers with, as JSON Schema: `server.openapi` shows it, the tests hold replies against it."""

from collections.abc import Mapping
from typing import Any

from server.jobs import State

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
ANYTHING: Schema = {"type": "object", "additionalProperties": True}


def listed(items: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items}


def named(values: Schema) -> Schema:
    """These by name."""
    return {"type": "object", "additionalProperties": values}


def maybe(schema: Schema) -> Schema:
    """This, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Schema:
    """A schema of this file."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(**members: Schema) -> Schema:
    """An object that has all of these, and perhaps more in later versions."""
    return {"type": "object", "properties": members, "required": list(members)}


JOB = {
    "id": TEXT,
    "number": WHOLE | {"description": "Counts accepted jobs."},
    "state": {"type": "string", "enum": [str(state) for state in State]},
    "cancelling": FLAG,
    "client": TEXT,
    "priority": WHOLE,
    "attempt": WHOLE,
    "created": NUMBER | {"description": "Seconds since 1970, as all times."},
    "started": maybe(NUMBER),
    "finished": maybe(NUMBER),
    "device": maybe(TEXT),
    "title": TEXT,
    "targets": maybe(listed(TEXT)),
    "error": maybe(ref("JobError")),
    "warnings": listed(ref("DocumentProblem")),
    "waiting": maybe(ref("Waiting")),
    "progress": maybe(record(done=WHOLE, total=WHOLE)),
    "outputs": listed(ref("Output")),
}
MODEL = {
    "name": TEXT,
    "kind": TEXT,
    "size": WHOLE,
    "modified": NUMBER,
    "preview": maybe(TEXT | {"description": "Where its picture is."}),
}
REVISION = {"revision": WHOLE, "saved": NUMBER, "title": TEXT}

SCHEMAS: Mapping[str, Schema] = {
    "Problem": record(
        type=TEXT,
        title=TEXT,
        status=WHOLE,
        detail=TEXT | {"description": "A sentence for a user."},
        instance=TEXT,
        problems=listed(ref("DocumentProblem")),
    )
    | {"description": "RFC 9457: what every refused request is answered with."},
    "DocumentProblem": record(
        code=TEXT,
        message=TEXT,
        node=maybe(TEXT),
        input=maybe(TEXT),
        severity={"type": "string", "enum": ["error", "warning"]},
    ),
    "Document": ANYTHING,
    "Submitted": record(
        job=ref("Job"),
        warnings=listed(ref("DocumentProblem")),
        dropped=listed(TEXT) | {"description": "Targets that cannot run and were left out, where that was allowed."},
    ),
    "Job": record(**JOB)
    | {
        "description": "`GET /api/v1/jobs/{id}` has `nodes` beside this.",
        "properties": JOB | {"nodes": named(ref("NodeState"))},
    },
    "JobError": record(message=TEXT) | {"additionalProperties": True},
    "Jobs": record(jobs=listed(ref("Job")), total=WHOLE, next=maybe(TEXT)),
    "JobIds": record(jobs=listed(TEXT)),
    "NodeState": record(
        state={"type": "string", "enum": ["planned", "cached", "running", "finished", "failed", "blocked"]}
    ),
    "Waiting": record(position=WHOLE, eta=maybe(NUMBER), reason=TEXT),
    "Output": record(
        job=maybe(TEXT),
        node=TEXT,
        item=WHOLE,
        index=WHOLE,
        name=TEXT,
        kind=TEXT,
        sha256=maybe(TEXT),
        media_type=maybe(TEXT),
        width=maybe(WHOLE),
        height=maybe(WHOLE),
        bytes=maybe(WHOLE),
        url=TEXT,
    ),
    "Event": record(seq=maybe(WHOLE), job=maybe(TEXT), time=NUMBER, type=TEXT, data=ANYTHING),
    "Events": record(events=listed(ref("Event")), next=WHOLE),
    "Queue": record(
        paused=FLAG,
        seq=WHOLE | {"description": "The number of the last event that this takes account of."},
        running=listed(ref("Job")),
        queued=listed(ref("Job")),
        waiting=WHOLE | {"description": "How many wait, listed or not."},
        workers=listed(ref("Worker")),
    ),
    "Worker": record(device=TEXT, state=TEXT) | {"additionalProperties": True},
    "Nodes": record(nodes=named(ANYTHING), choices=named(listed(TEXT))),
    "Names": listed(TEXT),
    "Packs": listed(record(name=TEXT, nodes=listed(TEXT), reasons=listed(TEXT))),
    "Opened": record(
        document=ref("Document"),
        problems=listed(ref("DocumentProblem")),
        missing=record(nodes=listed(TEXT), models=listed(TEXT)),
        found_in=TEXT,
    ),
    "Checked": record(
        problems=listed(ref("DocumentProblem")),
        runs=FLAG,
        targets=listed(TEXT),
        inputs=listed(ANYTHING),
        outputs=listed(ANYTHING),
    ),
    "Explained": record(nodes=named(record(runs=FLAG, reason=TEXT))),
    "Files": record(files=listed(record(name=TEXT, kind=TEXT, bytes=WHOLE, modified=NUMBER, url=TEXT)), total=WHOLE),
    "Uploaded": record(
        name=TEXT, kind=TEXT, sha256=TEXT, bytes=WHOLE, width=maybe(WHOLE), height=maybe(WHOLE), url=TEXT
    ),
    "Kinds": record(kinds=listed(TEXT)),
    "Models": record(models=listed(record(**MODEL))),
    "Model": record(**MODEL) | {"additionalProperties": True},
    "Shelf": record(workflows=listed(record(name=TEXT, **REVISION))),
    "Drafts": record(drafts=listed(record(id=TEXT, **REVISION))),
    "Kept": record(document=ref("Document"), revision=WHOLE, saved=NUMBER, title=TEXT),
    "Revision": record(**REVISION),
    "Revisions": record(revisions=listed(record(**REVISION, removed=FLAG))),
    "Templates": record(templates=listed(record(name=TEXT, title=TEXT, about=TEXT, preview=maybe(TEXT)))),
    "Tokens": record(count=WHOLE, chunks=WHOLE, limit=WHOLE, unknown=listed(TEXT)),
    "Freed": record(models=FLAG, cache=FLAG),
    "Health": record(status=TEXT, version=TEXT),
    "Stats": ANYTHING,
    "OpenApi": ANYTHING,
}
"""By the name under which routes speak of them."""
