"""What the engine tells the world while it runs.

Where a node runs once per item of a list, ``item`` counts from 0 and ``items`` says how many there will be,
or None while that is not known yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graph.values import Artifact
from graph.workflow import NodeId


@dataclass(frozen=True, slots=True)
class Planned:
    """The first event. ``steps`` is an upper bound in likely order: `NodeSkipped` corrects it."""

    steps: tuple[NodeId, ...]
    cached: frozenset[NodeId]


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """The node's function is about to be called."""

    node: NodeId
    item: int = 0
    items: int | None = 1


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """The node is ``done`` of ``total`` steps far; ``preview`` makes what it chose to show."""

    node: NodeId
    done: int
    total: int
    preview: Callable[[], Any] | None = None
    item: int = 0
    items: int | None = 1


@dataclass(frozen=True, slots=True)
class NodeWarned:
    """The node says something the user should know; it goes on."""

    node: NodeId
    message: str
    item: int = 0
    items: int | None = 1


@dataclass(frozen=True, slots=True)
class NodeNoted:
    """The node says what it did; nothing is wrong."""

    node: NodeId
    message: str
    item: int = 0
    items: int | None = 1


@dataclass(frozen=True, slots=True)
class NodeSkipped:
    """The node did not run: its stored output is used, or there was nothing to run it on."""

    node: NodeId
    reason: str
    artifacts: tuple[Artifact, ...] = ()
    item: int = 0
    items: int | None = 1


@dataclass(frozen=True, slots=True)
class NodeExpanded:
    """The node put others in its place: their ids with the names of their types.

    ``root`` is the node of the document that the whole expansion grew from, ``node`` the one that grew now.
    """

    node: NodeId
    root: NodeId
    nodes: Mapping[NodeId, str]
    item: int = 0
    items: int | None = 1


@dataclass(frozen=True, slots=True)
class NodeFinished:
    """The node ran; what it made for the user to see, and how long it took."""

    node: NodeId
    artifacts: tuple[Artifact, ...] = ()
    seconds: float = 0.0
    item: int = 0
    items: int | None = 1


@dataclass(frozen=True, slots=True)
class NodeErrored:
    """The node raised. What does not depend on it goes on."""

    node: NodeId
    type: str
    message: str
    error: Exception
    item: int = 0
    items: int | None = 1


@dataclass(frozen=True, slots=True)
class NodeBlocked:
    """The node cannot run because something it reads was blocked or has failed."""

    node: NodeId
    reason: str
    item: int = 0
    items: int | None = 1


Event = (
    Planned
    | NodeStarted
    | NodeProgress
    | NodeWarned
    | NodeNoted
    | NodeSkipped
    | NodeExpanded
    | NodeFinished
    | NodeErrored
    | NodeBlocked
)
