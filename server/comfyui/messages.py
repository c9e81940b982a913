"""Events of ours as messages of the public WebSocket.

Text messages are ``{"type": …, "data": …}``. Binary ones are big-endian: u32 kind, then
    1  preview: u32 format (1 JPEG, 2 PNG), picture
    4  preview with metadata, for clients that asked: u32 length, JSON, picture
Of the state of nodes only what changed is told, so that traffic grows with what happens and not with the graph.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from server.comfyui.records import collected, display, failure, merge, values_of
from server.events import Message
from server.jobs import Job

Said = str | bytes
PREVIEW, PREVIEW_WITH_METADATA = 1, 4
JPEG = 1
ENDS = frozenset({"succeeded", "failed", "cancelled", "interrupted", "requeued"})
QUEUE_CHANGES = ENDS | {"queued", "started", "forgotten"}


@dataclass
class Course:
    """What was told of one job, as far as later messages need it."""

    job: Job
    types: Mapping[str, str]
    """The class of each node of the document."""
    running: dict[str, None] = field(default_factory=dict)
    executed: dict[str, None] = field(default_factory=dict)
    shown: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    def say(self, message: Message) -> Iterator[str]:
        """The public messages for one event of the job, but for its previews."""
        data, node = message.data, str(message.data.get("node", ""))
        match message.type:
            case "started":
                yield self._said("execution_start", message)
            case "planned":
                yield self._said("execution_cached", message, nodes=list(data["cached"]))
            case "node_started":
                self.running[node] = None
                yield self._state(node, "running", 0, 1)
                yield self._executing(node)
            case "progress":
                yield self._state(node, "running", data["done"], data["total"])
                yield text("progress", value=data["done"], max=data["total"], prompt_id=self.job.id, node=node)
            case "node_finished" | "node_skipped":
                self.running.pop(node, None)
                self.executed[node] = None
                yield from self._shown(node, data.get("artifacts", ()))
                yield self._state(node, "finished", 1, 1)
            case "node_errored" | "node_blocked":
                self.running.pop(node, None)
                if message.type == "node_errored":
                    yield self._state(node, "error", 0, 1)
            case "succeeded":
                yield self._said("execution_success", message)
            case "failed":
                yield self._failed(message)
            case "cancelled" | "interrupted" | "requeued":
                yield self._interrupted(message)
        if message.type in ENDS:
            self.running.clear()

    def over(self) -> str:
        """What says that the job does not run any more."""
        return text("executing", node=None, prompt_id=self.job.id)

    def now(self) -> str | None:
        """What is running, for a client that comes back."""
        node = next(reversed(self.running), None)
        return None if node is None else self._executing(node)

    def _executing(self, node: str) -> str:
        return text("executing", node=node, display_node=display(node), prompt_id=self.job.id)

    def _said(self, kind: str, message: Message, **more: Any) -> str:
        return text(kind, **more, prompt_id=self.job.id, timestamp=int(message.time * 1000))

    def _state(self, node: str, state: str, value: float, most: float) -> str:
        told = {
            "value": value,
            "max": most,
            "state": state,
            **self._names(node),
        }
        return text("progress_state", prompt_id=self.job.id, nodes={node: told})

    def _names(self, node: str) -> dict[str, Any]:
        shown_as = display(node)
        return {
            "node_id": node,
            "prompt_id": self.job.id,
            "display_node_id": shown_as,
            "parent_node_id": None if shown_as == node else shown_as,
            "real_node_id": shown_as,
        }

    def _shown(self, node: str, artifacts: Any) -> Iterator[str]:
        """What a node has to show, together with what it showed for earlier items of a list."""
        output = self.shown.setdefault(display(node), {})
        for found in collected(artifact for artifact in artifacts if "name" in artifact).values():
            merge(output, found)
        for artifact in artifacts:
            if "name" not in artifact:
                merge(output, values_of(artifact))
        if artifacts:
            yield text("executed", node=node, display_node=display(node), output=output, prompt_id=self.job.id)

    def preview(self, message: Message, *, with_metadata: bool) -> bytes:
        """A picture half done, for clients that take metadata with it or do not."""
        node, picture = str(message.data.get("node", "")), message.blob or b""
        if not with_metadata:
            return struct.pack(">II", PREVIEW, JPEG) + picture
        said = json.dumps(self._names(node) | {"image_type": "image/jpeg"}).encode()
        return struct.pack(">II", PREVIEW_WITH_METADATA, len(said)) + said + picture

    def _failed(self, message: Message) -> str:
        error = message.data.get("error") or {}
        return self._said("execution_error", message, **failure(error, self.types, self.executed))

    def _interrupted(self, message: Message) -> str:
        node = next(reversed(self.running), "")
        return self._said(
            "execution_interrupted",
            message,
            node_id=node,
            node_type=self.types.get(node, ""),
            executed=list(self.executed),
        )


def text(kind: str, **data: Any) -> str:
    """One text message."""
    return json.dumps({"type": kind, "data": data}, separators=(",", ":"))


def status(remaining: int, sid: str | None = None) -> str:
    """How many jobs wait or run; with the client's name when it comes."""
    told: dict[str, Any] = {"status": {"exec_info": {"queue_remaining": remaining}}}
    return text("status", **told if sid is None else {**told, "sid": sid})
