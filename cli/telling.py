"""Events of a run as a worker tells them to the server: a type, JSON, and a picture where there is one to watch."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from graph.events import (
    Event,
    NodeBlocked,
    NodeErrored,
    NodeExpanded,
    NodeFinished,
    NodeNoted,
    NodeProgress,
    NodeSkipped,
    NodeStarted,
    NodeWarned,
    Planned,
)
from graph.values import Artifact
from workflows.outputs import SavedFile
from workflows.previews import small_jpeg
from workflows.publishing import describe_file

PROGRESS = 0.05  # seconds between two reports of how far the same node is; the last one is always told
PREVIEWS = 0.1  # seconds between two pictures


class Tell(Protocol):
    """Takes the type of an event, what it says, and the bytes that go with it."""

    def __call__(self, kind: str, said: Mapping[str, Any], blob: bytes = b"") -> None: ...


class Teller:
    """Tells one run's events, progress and previews no more often than anybody can see."""

    def __init__(self, tell: Tell, wants_previews: Callable[[], bool]):
        self._tell, self._wants_previews = tell, wants_previews
        self._next: dict[tuple[str, int], float] = {}
        self._next_preview = 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, NodeProgress):
            self._progress(event)
        else:
            self._tell(*_plain(event))

    def _progress(self, event: NodeProgress) -> None:
        now, unit = time.monotonic(), (event.node, event.item)
        if event.done >= event.total or now >= self._next.get(unit, 0.0):
            self._next[unit] = now + PROGRESS
            self._tell("progress", {"node": event.node, "done": event.done, "total": event.total} | _place(event))
        if event.preview is not None and now >= self._next_preview and self._wants_previews():
            self._next_preview = now + PREVIEWS
            if (picture := small_jpeg(event.preview())) is not None:
                self._tell("preview", {"node": event.node, "media_type": "image/jpeg"} | _place(event), picture)


def _plain(event: Event) -> tuple[str, dict[str, Any]]:
    """The type and the members of an event that changes what is true."""
    match event:
        case Planned(steps, cached):
            return "planned", {"steps": list(steps), "cached": sorted(cached)}
        case NodeStarted(node):
            return "node_started", {"node": node} | _place(event)
        case NodeWarned(node, message):
            return "node_warned", {"node": node, "message": message} | _place(event)
        case NodeNoted(node, message):
            return "node_noted", {"node": node, "message": message} | _place(event)
        case NodeSkipped(node, reason):
            return "node_skipped", {"node": node, "reason": reason} | _made(event) | _place(event)
        case NodeExpanded(node, root, nodes):
            return "node_expanded", {"node": node, "root": root, "nodes": dict(nodes)} | _place(event)
        case NodeFinished(node):
            return "node_finished", {"node": node, "seconds": round(event.seconds, 4)} | _made(event) | _place(event)
        case NodeErrored(node, kind, message):
            return "node_errored", {"node": node, "type": kind, "message": message} | _place(event)
        case NodeBlocked(node, reason):
            return "node_blocked", {"node": node, "reason": reason} | _place(event)
    raise AssertionError(f"{type(event).__name__} is told in another way")


def _place(event: Any) -> dict[str, Any]:
    return {"item": event.item, "items": event.items}


def _made(event: NodeFinished | NodeSkipped) -> dict[str, Any]:
    place = {"node": event.node, "item": event.item}
    return {"artifacts": [place | {"index": index} | _artifact(made) for index, made in enumerate(event.artifacts)]}


def _artifact(made: Artifact) -> dict[str, Any]:
    if isinstance(made, SavedFile):
        return _file(made)
    values = made.values()
    return {"text": str(made)} | ({} if values is None else {"values": values})


def _file(saved: SavedFile) -> dict[str, Any]:
    """What a client needs to know of a saved file before it asks for it."""
    told = {"name": saved.name, "kind": saved.kind}
    with suppress(FileNotFoundError):  # somebody removed it just now; its name is all that is left to say
        told |= describe_file(saved.path)
    return told
