"""Values that mean something to the engine itself when a node returns them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph.workflow import Node, NodeId


class Artifact:
    """A result worth showing to the user. Returning one makes a node a target; it is no output to link to."""

    def is_valid(self) -> bool:
        """Whether the result still exists; a node whose artifact is gone runs again."""
        return True


@dataclass(frozen=True, slots=True)
class Blocked:
    """Returned in place of an output: nothing that would read it runs, and the user hears the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """A fragment of workflow that takes the place of the node that returns it.

    ``nodes`` are in the API format (or `Node` values) under ids of the fragment's own; their links may also
    name nodes outside, and their inputs may hold any value. ``outputs`` has one entry per declared output:
    a Link into the fragment, or the value itself.
    """

    nodes: Mapping[NodeId, Node | Mapping[str, Any]]
    outputs: tuple[Any, ...] = ()
