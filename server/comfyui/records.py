"""Jobs as the public API tells of them: items of the queue, entries of the history, jobs of the newer routes.

These are functions over values that were read already: whoever tells of many jobs reads them together, and writes each
on a thread.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from server.history import Made
from server.jobs import Job, Output, State
from workflows.document import read_document

ORIGIN = "public"
"""Where the origin of a job keeps what only this API knows of it."""
STATUS = {
    State.QUEUED: "pending",
    State.RUNNING: "in_progress",
    State.SUCCEEDED: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
    State.INTERRUPTED: "failed",
}
STATES = {status: [state for state in State if STATUS[state] == status] for status in STATUS.values()}
PLAIN = {"format", "nodes"}


def origin_of(
    extra: Mapping[str, Any], number: float | None, workflow: object, targets: Iterable[str]
) -> dict[str, Any]:
    """What is kept with a job, so that listings need not look into its document."""
    known = workflow.get("id") if isinstance(workflow, Mapping) else None
    return {
        ORIGIN: {
            "extra_data": dict(extra),
            "number": number,
            "workflow_id": known if isinstance(known, str) else None,
            "targets": list(targets),
        }
    }


def item(job: Job) -> list[Any]:
    """``[number, prompt_id, prompt, extra_data, outputs_to_execute]``."""
    prompt = prompt_of(job)
    return [number_of(job), job.id, prompt, extra_of(job), _targets(job, prompt)]


def history(job: Job, made: Made) -> dict[str, Any]:
    """An entry of the history: what was asked for, what came of it, and how it went."""
    outputs = outputs_of(made)
    return {
        "prompt": item(job),
        "outputs": outputs,
        "status": _status(job),
        "meta": {node: _meta(node) for node in outputs},
    }


def summary(job: Job, made: Made) -> dict[str, Any]:
    """A job of ``/jobs``. Times are milliseconds."""
    pictures = [output for output in made.files if _is_picture(output)]
    told: dict[str, Any] = {
        "id": job.id,
        "status": STATUS[job.state],
        "create_time": _milliseconds(job.created),
        "priority": number_of(job),
        "outputs_count": len(made.files) + len(made.texts),
        "previewable_outputs_count": len(pictures),
        "preview_output": _preview(pictures[-1]) if pictures else None,
        "workflow_id": workflow_id(job),
    }
    if job.started is not None:
        told["execution_start_time"] = _milliseconds(job.started)
    if job.finished is not None:
        told["execution_end_time"] = _milliseconds(job.finished)
    if job.error is not None:
        told["execution_error"] = _error(job)
    return told


def whole(job: Job, made: Made) -> dict[str, Any]:
    """A job of ``/jobs/{id}``: also its workflow and all that it made."""
    outputs = outputs_of(made)
    return summary(job, made) | {
        "workflow": {"prompt": prompt_of(job), "extra_data": extra_of(job)},
        "outputs": outputs,
        "update_time": _milliseconds(job.finished or job.started or job.created),
        "execution_status": _status(job),
        "execution_meta": {node: _meta(node) for node in outputs},
    }


def prompt_of(job: Job) -> dict[str, Any]:
    """The nodes in the API format."""
    members = json.loads(job.document)
    if members.keys() == PLAIN:  # what this API accepted is kept in that format
        nodes: dict[str, Any] = members["nodes"]
        return nodes
    return dict(read_document(members).api())


def extra_of(job: Job) -> dict[str, Any]:
    """``extra_data``: what the client sent, the workflow of its editor, and who it was."""
    extra: dict[str, Any] = dict(_public(job).get("extra_data") or {})
    if job.editor_text is not None:
        extra["extra_pnginfo"] = {"workflow": json.loads(job.editor_text)}
    return extra | {"client_id": job.client, "create_time": _milliseconds(job.created)}


def outputs_of(made: Made) -> dict[str, dict[str, list[Any]]]:
    """What each node showed, by node and kind."""
    found = collected(
        {"node": output.node, "item": output.item, "index": output.index, "name": output.name, "kind": output.kind}
        for output in made.files
    )
    for shown in made.texts:
        merge(found.setdefault(display(shown["node"]), {}), values_of(shown))
    return found


def collected(files: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, list[Any]]]:
    """Files by node, as ``{"images": [{"filename", "subfolder", "type"}]}``."""
    found: dict[str, dict[str, list[Any]]] = {}
    for file in sorted(files, key=lambda file: (file["node"], file["item"], file["index"])):
        path = PurePosixPath(file["name"])
        subfolder = "" if path.parent == PurePosixPath(".") else path.parent.as_posix()
        entry = {"filename": path.name, "subfolder": subfolder, "type": file["kind"]}
        found.setdefault(display(file["node"]), {}).setdefault("images", []).append(entry)
    return found


def values_of(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a node showed that is no file, by the names under which public classes show it."""
    values: Mapping[str, Any] = shown.get("values") or {"text": [shown["text"]]}
    return values


def merge(shown: dict[str, list[Any]], values: Mapping[str, Any]) -> None:
    """Put further shown values to those of a node."""
    for name, value in values.items():
        shown.setdefault(name, []).extend(value if isinstance(value, list) else [value])


def display(node: str) -> str:
    """The node of the document that a node of an expansion is shown as."""
    return node.partition("/")[0]


def failure(said: Mapping[str, Any], types: Mapping[str, str], executed: Iterable[str] = ()) -> dict[str, Any]:
    """Why a job failed, by its error and the classes of its nodes. No traceback and no path is ever told.

    What a pack's own check refused only in the worker is addressed to the node that it concerns.
    """
    refused: Mapping[str, Any] = next((problem for problem in said.get("problems") or () if problem.get("node")), {})
    node = str(said.get("node") or refused.get("node") or "")
    message = said["message"] if said.get("node") or not refused else refused["message"]
    return {
        "node_id": node,
        "node_type": types.get(display(node), "") or str(said.get("type") or ""),
        "executed": list(executed),
        "exception_message": str(message or "The job failed."),
        "exception_type": "InvalidInputs" if refused else "NodeFailed" if node else "JobFailed",
        "traceback": [],
        "current_inputs": {},
        "current_outputs": [],
    }


def number_of(job: Job) -> float:
    """The number that the client gave the job, or else its place among all jobs."""
    number = _public(job).get("number")
    return job.number if number is None else float(number)


def workflow_id(job: Job) -> str | None:
    """The id of the workflow in the client's editor."""
    known: str | None = _public(job).get("workflow_id")
    return known


def _error(job: Job) -> dict[str, Any]:
    types = {name: str(entry.get("class_type", "")) for name, entry in prompt_of(job).items()} if job.document else {}
    ended = {"prompt_id": job.id, "timestamp": _milliseconds(job.finished or job.created)}
    return ended | failure(job.error or {}, types)


def _status(job: Job) -> dict[str, Any]:
    succeeded = job.state is State.SUCCEEDED
    return {
        "status_str": "success" if succeeded else "error" if job.state.ended else "",
        "completed": succeeded,
        "messages": _messages(job),
    }


def _messages(job: Job) -> list[list[Any]]:
    messages: list[list[Any]] = []
    if job.started is not None:
        messages.append(["execution_start", {"prompt_id": job.id, "timestamp": _milliseconds(job.started)}])
    ended = {"prompt_id": job.id, "timestamp": _milliseconds(job.finished or job.created)}
    match job.state:
        case State.SUCCEEDED:
            messages.append(["execution_success", ended])
        case State.CANCELLED:
            messages.append(["execution_interrupted", ended | {"node_id": "", "node_type": "", "executed": []}])
        case State.FAILED | State.INTERRUPTED:
            messages.append(["execution_error", _error(job)])
    return messages


def _meta(node: str) -> dict[str, Any]:
    return {"node_id": node, "display_node": display(node), "parent_node": None, "real_node_id": display(node)}


def _public(job: Job) -> Mapping[str, Any]:
    known: Mapping[str, Any] = job.origin.get(ORIGIN) or {}
    return known


def _targets(job: Job, prompt: Mapping[str, Any]) -> list[str]:
    """The outputs that it runs to; of a job from elsewhere that names none, the nodes that nothing reads."""
    known = job.targets if job.targets is not None else _public(job).get("targets")
    if known is not None:
        return list(known)
    read = {
        value[0]
        for node in prompt.values()
        for value in node["inputs"].values()
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
    }
    return [node for node in prompt if node not in read]


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _is_picture(output: Output) -> bool:
    return (output.media_type or "").startswith("image/")


def _preview(output: Output) -> dict[str, Any]:
    entry = collected([{"node": "", "item": 0, "index": 0, "name": output.name, "kind": output.kind}])[""]["images"][0]
    return {**entry, "nodeId": display(output.node), "mediaType": "images"}
