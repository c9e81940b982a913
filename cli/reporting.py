"""Events of a run as plain lines or as JSON lines; `cli.bars` draws them on a terminal."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Protocol

from cli.opening import Opened
from graph.events import (
    Event,
    NodeBlocked,
    NodeErrored,
    NodeFinished,
    NodeNoted,
    NodeWarned,
    Planned,
)
from workflows.outputs import SavedFile

SLOW = 0.5  # seconds after which a finished node is worth a line


class Reporter(Protocol):
    """Shows one file's run while it happens."""

    def __call__(self, event: Event) -> None: ...

    def __enter__(self) -> "Reporter": ...

    def __exit__(self, *error: object) -> None: ...


def sentence(event: Event, title: Callable[[str], str]) -> str | None:
    """An event as a line for a person; None for those that only move bars."""
    match event:
        case NodeErrored():
            return f"error: {title(event.node)}{_item(event)}: {event.message}"
        case NodeWarned():
            return f"warning: {title(event.node)}{_item(event)}: {event.message}"
        case NodeNoted():
            return f"{title(event.node)}{_item(event)}: {event.message}"
        case NodeBlocked():
            return f"skipped: {title(event.node)}{_item(event)}: {event.reason}"
    return None


class PlainLines:
    """One line per node, for logs and pipes."""

    def __init__(self, file: Opened):
        self._title = file.title

    def __call__(self, event: Event) -> None:
        said = sentence(event, self._title)
        if said:
            print(said, file=sys.stdout if isinstance(event, NodeNoted) else sys.stderr, flush=True)
        elif isinstance(event, Planned):
            print(f"{len(event.steps)} to run, {len(event.cached)} already done", flush=True)
        elif isinstance(event, NodeFinished) and (event.seconds >= SLOW or event.artifacts):
            made = "".join(f" → {artifact}" for artifact in event.artifacts)
            print(f"{self._title(event.node)}{_item(event)}: {event.seconds:.1f} s{made}", flush=True)

    def __enter__(self) -> "PlainLines":
        return self

    def __exit__(self, *error: object) -> None:
        pass


class JsonLines:
    """One JSON object per event: ``{"event": "node_progress", "file": …, "node": "3", "done": 4, "total": 20}``."""

    def __init__(self, file: Opened):
        self._file = str(file.path)

    def __call__(self, event: Event) -> None:
        name = re.sub("(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
        members = {field.name: _plain(getattr(event, field.name)) for field in fields(event) if field.name != "preview"}
        print(json.dumps({"event": name, "file": self._file} | members), flush=True)

    def __enter__(self) -> "JsonLines":
        return self

    def __exit__(self, *error: object) -> None:
        pass


def _item(event: NodeWarned | NodeNoted | NodeErrored | NodeBlocked | NodeFinished) -> str:
    """Which of several pictures this is about."""
    return "" if event.items == 1 else f" [{event.item + 1}{f'/{event.items}' if event.items else ''}]"


def _plain(value: Any) -> Any:
    """What JSON can hold of an event."""
    match value:
        case SavedFile():
            return {"name": value.name, "kind": value.kind, "path": str(value.path)}
        case Exception():
            return type(value).__name__
        case tuple() | list() | frozenset():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case bool() | int() | float() | str() | None:
            return value
    return str(value)
