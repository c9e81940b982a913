"""How a running node speaks: resources that the engine itself supplies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from graph.check import Bound
from graph.errors import Cancelled
from graph.events import Event, NodeNoted, NodeProgress, NodeWarned
from graph.workflow import NodeId


class Progress:
    """Reports how far a node has come. Reporting is also where cancelling takes hold."""

    def __init__(
        self,
        node: NodeId,
        emit: Callable[[Event], None],
        cancel: threading.Event,
        item: int = 0,
        items: int | None = 1,
    ):
        self._node, self._emit, self._cancel, self._item, self._items = node, emit, cancel, item, items

    def __call__(self, done: int, total: int, preview: Callable[[], Any] | None = None) -> None:
        """Say that ``done`` of ``total`` steps are behind. Raises Cancelled when the run was stopped.

        ``preview`` is called, at once or never, where somebody wants to see how far it has come.
        """
        self.check()
        self._emit(NodeProgress(self._node, done, total, preview, self._item, self._items))

    def check(self) -> None:
        """Raise Cancelled when the run was stopped."""
        if self._cancel.is_set():
            raise Cancelled


class Warn:
    """Puts a sentence on the node without stopping it."""

    def __init__(self, node: NodeId, emit: Callable[[Event], None], item: int = 0, items: int | None = 1):
        self._node, self._emit, self._item, self._items = node, emit, item, items

    def __call__(self, message: str) -> None:
        self._emit(NodeWarned(self._node, message, self._item, self._items))


class Note:
    """Says on the node what it did, where that is worth knowing though nothing is wrong."""

    def __init__(self, node: NodeId, emit: Callable[[Event], None], item: int = 0, items: int | None = 1):
        self._node, self._emit, self._item, self._items = node, emit, item, items

    def __call__(self, message: str) -> None:
        self._emit(NodeNoted(self._node, message, self._item, self._items))


@dataclass(frozen=True, slots=True)
class Here:
    """Which node of the document is running. A node that asks for it should not let its outputs depend on it."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The graph around a running node, what expansions put into it included: for nodes that build on it."""

    node: NodeId
    find: Callable[[NodeId], Bound | None]
    """How a node is wired and what is written into it; None for one that is not in this run."""


@runtime_checkable
class Placed(Protocol):
    """A resource that wants to know by which run of which node it is used."""

    def at(self, node: NodeId, item: int) -> Any:
        """What that run is given."""
        ...
