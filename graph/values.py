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

    def values(self) -> Mapping[str, Any] | None:
        """What it shows that is no file, as JSON by kind (``{"text": ["…"]}``); None where its text is all there is."""
        return None


@dataclass(frozen=True, slots=True)
class Blocked:
    """Returned in place of an output: nothing that would read it runs, and the user hears the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """A fragment of workflow that takes the place of the node that returns it.

    ``nodes`` are in the API format (or `Node` values) under ids of the fragment's own; their links may also
    name nodes outside, and their inputs may hold any value. ``outputs`` has one entry per declared output:
    a Link into the fragment, or the value itself. ``artifacts`` are what the node itself has to show.
    """

    nodes: Mapping[NodeId, Node | Mapping[str, Any]]
    outputs: tuple[Any, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
