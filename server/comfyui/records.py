"""Jobs as the public API tells of them: items of the queue, entries of the history, jobs of the newer routes."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from server.jobs import Job, Output, State
from server.parts import Parts
from workflows.document import Document, read_document
from workflows.lenient_json import read_json

STATUS = {
    State.QUEUED: "pending",
    State.RUNNING: "in_progress",
    State.SUCCEEDED: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
    State.INTERRUPTED: "failed",
}
STATES = {status: [state for state in State if STATUS[state] == status] for status in STATUS.values()}


class Records:
    """Writes jobs in the public shapes."""

    def __init__(self, parts: Parts):
        self._parts = parts

    async def item(self, job: Job) -> list[Any]:
        """``[number, prompt_id, prompt, extra_data, outputs_to_execute]``."""
        document = await asyncio.to_thread(read_document, job.document)
        return [_number(job), job.id, document.api(), _extra(job), self._targets(job, document)]

    async def history(self, job: Job) -> dict[str, Any]:
        """An entry of the history: what was asked for, what came of it, and how it went."""
        outputs = await self.outputs(job)
        return {
            "prompt": await self.item(job),
            "outputs": outputs,
            "status": {
                "status_str": "success" if job.state is State.SUCCEEDED else "error",
                "completed": job.state is State.SUCCEEDED,
                "messages": _messages(job),
            },
            "meta": {node: _meta(node) for node in outputs},
        }

    async def outputs(self, job: Job) -> dict[str, dict[str, list[Any]]]:
        """What each node showed, by node and kind."""
        found = collected(
            {"node": output.node, "item": output.item, "index": output.index, "name": output.name, "kind": output.kind}
            for output in await self._parts.queue.outputs(job.id)
        )
        for shown in await self._parts.queue.shown_texts(job.id):
            merge(found.setdefault(display(shown["node"]), {}), shown.get("values") or {"text": [shown["text"]]})
        return found

    async def summary(self, job: Job) -> dict[str, Any]:
        """A job of ``/jobs``. Times are milliseconds."""
        outputs = await self._parts.queue.outputs(job.id) if job.state.ended else []
        told: dict[str, Any] = {
            "id": job.id,
            "status": STATUS[job.state],
            "create_time": _milliseconds(job.created),
            "priority": _number(job),
            "outputs_count": len(outputs),
            "previewable_outputs_count": sum(_is_picture(output) for output in outputs),
            "preview_output": next((_preview(output) for output in reversed(outputs) if _is_picture(output)), None),
            "workflow_id": _workflow_id(job),
        }
        if job.started is not None:
            told["execution_start_time"] = _milliseconds(job.started)
        if job.finished is not None:
            told["execution_end_time"] = _milliseconds(job.finished)
        if job.error is not None:
            told["execution_error"] = failure(job)
        return told

    async def whole(self, job: Job) -> dict[str, Any]:
        """A job of ``/jobs/{id}``: also its workflow and all that it made."""
        document = await asyncio.to_thread(read_document, job.document)
        return await self.summary(job) | {
            "workflow": {"prompt": document.api(), "extra_data": _extra(job)},
            "outputs": await self.outputs(job),
            "update_time": _milliseconds(job.finished or job.started or job.created),
            "execution_status": {
                "status_str": "success" if job.state is State.SUCCEEDED else "error" if job.state.ended else "",
                "completed": job.state is State.SUCCEEDED,
                "messages": _messages(job),
            },
        }

    def _targets(self, job: Job, document: Document) -> list[str]:
        if job.targets is not None:
            return list(job.targets)
        registry = self._parts.world.registry
        nodes = document.workflow.nodes
        return [
            node_id
            for node_id, node in nodes.items()
            if (known := registry.get(node.type)) is not None and known.spec.is_target
        ]


def collected(files: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, list[Any]]]:
    """Files by node, as ``{"images": [{"filename", "subfolder", "type"}]}``."""
    found: dict[str, dict[str, list[Any]]] = {}
    for file in sorted(files, key=lambda file: (file["node"], file["item"], file["index"])):
        path = PurePosixPath(file["name"])
        subfolder = "" if path.parent == PurePosixPath(".") else path.parent.as_posix()
        entry = {"filename": path.name, "subfolder": subfolder, "type": file["kind"]}
        found.setdefault(display(file["node"]), {}).setdefault("images", []).append(entry)
    return found


def merge(shown: dict[str, list[Any]], values: Mapping[str, Any]) -> None:
    """Put further shown values to those of a node."""
    for name, value in values.items():
        shown.setdefault(name, []).extend(value if isinstance(value, list) else [value])


def display(node: str) -> str:
    """The node of the document that a node of an expansion is shown as."""
    return node.partition("/")[0]


def failure(job: Job) -> dict[str, Any]:
    """Why a job failed, in the shape of the message that said so. No traceback and no path is ever told."""
    said = job.error or {}
    node = str(said.get("node") or "")
    return {
        "prompt_id": job.id,
        "node_id": node,
        "node_type": str(said.get("type") or ""),
        "executed": [],
        "exception_message": str(said.get("message") or "The job failed."),
        "exception_type": "NodeFailed" if node else "JobFailed",
        "traceback": [],
        "current_inputs": {},
        "current_outputs": [],
        "timestamp": _milliseconds(job.finished or job.created),
    }


def _messages(job: Job) -> list[list[Any]]:
    messages: list[list[Any]] = []
    if job.started is not None:
        messages.append(["execution_start", {"prompt_id": job.id, "timestamp": _milliseconds(job.started)}])
    ended = _milliseconds(job.finished or job.created)
    match job.state:
        case State.SUCCEEDED:
            messages.append(["execution_success", {"prompt_id": job.id, "timestamp": ended}])
        case State.CANCELLED:
            stopped = {"prompt_id": job.id, "node_id": "", "node_type": "", "executed": [], "timestamp": ended}
            messages.append(["execution_interrupted", stopped])
        case State.FAILED | State.INTERRUPTED:
            messages.append(["execution_error", failure(job)])
    return messages


def _meta(node: str) -> dict[str, Any]:
    return {"node_id": node, "display_node": display(node), "parent_node": None, "real_node_id": display(node)}


def _extra(job: Job) -> dict[str, Any]:
    public = job.origin.get("public") or {}
    extra: dict[str, Any] = dict(public.get("extra_data") or {})
    if job.editor_text is not None:
        extra["extra_pnginfo"] = {"workflow": read_json(job.editor_text)}
    return extra | {"client_id": job.client, "create_time": _milliseconds(job.created)}


def _number(job: Job) -> float:
    number = (job.origin.get("public") or {}).get("number")
    return job.number if number is None else float(number)


def _workflow_id(job: Job) -> str | None:
    if job.editor_text is None:
        return None
    workflow = read_json(job.editor_text)
    found = workflow.get("id") if isinstance(workflow, dict) else None
    return found if isinstance(found, str) else None


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _is_picture(output: Output) -> bool:
    return (output.media_type or "").startswith("image/")


def _preview(output: Output) -> dict[str, Any]:
    entry = collected([{"node": "", "item": 0, "index": 0, "name": output.name, "kind": output.kind}])[""]["images"][0]
    return {**entry, "nodeId": display(output.node), "mediaType": "images"}
