"""Jobs, events and nodes as clients see them: the only place where they become JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from graph.registry import Registry
from graph.spec import spec_to_json
from server.jobs import Job, Output, Waiting
from server.routing import PREFIX

WARNINGS = "warnings"
"""Where a job's `origin` keeps what was said when it was accepted."""


class Told(Protocol):
    """An event: ``seq`` is None for what is not kept."""

    @property
    def seq(self) -> int | None: ...
    @property
    def job(self) -> str | None: ...
    @property
    def time(self) -> float: ...
    @property
    def type(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


def event_json(event: Told) -> dict[str, Any]:
    """An event, the same on every channel."""
    return {
        "seq": event.seq,
        "job": event.job,
        "time": round(event.time, 3),
        "type": event.type,
        "data": dict(event.data),
    }


def job_json(
    job: Job, waiting: Waiting | None, outputs: Sequence[Output], events: Iterable[Told] = ()
) -> dict[str, Any]:
    """A job. ``events`` are its state changes so far, from which its nodes and its progress are told."""
    nodes = node_states(events)
    return {
        "id": job.id,
        "number": job.number,
        "state": str(job.state),
        "cancelling": job.cancelling,
        "client": job.client,
        "priority": job.priority,
        "attempt": job.attempt,
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
        "device": job.device,
        "title": job.title,
        "targets": None if job.targets is None else list(job.targets),
        "error": None if job.error is None else dict(job.error),
        "warnings": list(job.origin.get(WARNINGS, ())),
        "waiting": None
        if waiting is None
        else {"position": waiting.position, "eta": waiting.eta, "reason": waiting.reason},
        "progress": progress(nodes),
        "nodes": nodes,
        "outputs": [output_json(output) for output in outputs],
    }


def output_json(output: Output) -> dict[str, Any]:
    """A file that a job made, and where to get it."""
    return {
        "job": output.job,
        "node": output.node,
        "item": output.item,
        "index": output.index,
        "name": output.name,
        "kind": output.kind,
        "sha256": output.sha256,
        "media_type": output.media_type,
        "width": output.width,
        "height": output.height,
        "bytes": output.bytes,
        "url": file_url(output.kind, output.name),
    }


def file_url(kind: str, name: str) -> str:
    """Where a file of a folder is served."""
    return f"{PREFIX}/folders/{kind}/{quote(name)}"


def node_states(events: Iterable[Told]) -> dict[str, dict[str, Any]]:
    """What has become of each node: planned, cached, running, finished, failed or blocked.

    A new attempt begins with a new plan; a node that runs once per item is finished when its last item is. What ran
    when its job was stopped is planned again.
    """
    nodes: dict[str, dict[str, Any]] = {}
    for event in events:
        said, node = event.data, str(event.data.get("node"))
        match event.type:
            case "requeued":
                nodes = {}
            case "cancelled" | "failed" | "interrupted":
                for name, found in nodes.items():
                    if found["state"] == "running":
                        nodes[name] = found | {"state": "planned"}
            case "planned":
                nodes = {step: {"state": "planned"} for step in said.get("steps", ())}
                nodes |= {step: {"state": "cached"} for step in said.get("cached", ())}
            case "node_started":
                nodes[node] = nodes.get(node, {}) | {"state": "running"}
            case "node_finished":
                before = nodes.get(node, {})
                last = said.get("items") is None or said.get("item", 0) + 1 >= said["items"]
                seconds = round(before.get("seconds", 0.0) + said.get("seconds", 0.0), 4)
                state = "failed" if before.get("state") == "failed" else "finished" if last else "running"
                nodes[node] = before | {"state": state, "seconds": seconds}
            case "node_skipped":
                nodes[node] = nodes.get(node, {}) | {"state": "cached", "message": said.get("reason", "")}
            case "node_expanded":
                nodes |= {grown: {"state": "planned"} for grown in said.get("nodes", {}) if grown not in nodes}
            case "node_errored":
                nodes[node] = nodes.get(node, {}) | {"state": "failed", "message": said.get("message", "")}
            case "node_blocked":
                nodes[node] = nodes.get(node, {}) | {"state": "blocked", "message": said.get("reason", "")}
    return nodes


def progress(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, int] | None:
    """How many nodes are behind a job, None before there is a plan."""
    if not nodes:
        return None
    done = sum(node["state"] not in ("planned", "running") for node in nodes.values())
    return {"done": done, "total": len(nodes)}


def nodes_json(registry: Registry) -> dict[str, Any]:
    """Every node type by name, as `spec_to_json` writes it; ``help`` is its description in full."""
    return {node_type.spec.name: spec_to_json(node_type.spec) for node_type in registry}
