"""A workflow as a value: nodes, literals and links. No behaviour, no files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

NodeId = str
Mode = Literal["run", "mute", "bypass"]


@dataclass(frozen=True, slots=True)
class Link:
    """Where an input takes its value from: a node, and which of its outputs."""

    node: NodeId
    output: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One placed node: its type's name and what is written or wired into its inputs."""

    type: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    mode: Mode = "run"


@dataclass(frozen=True, slots=True)
class Workflow:
    """Placed nodes by id. ``requires`` says for which version of a node type its inputs were written."""

    nodes: Mapping[NodeId, Node]
    requires: Mapping[str, int] = field(default_factory=dict)


def read_node(entry: Node | Mapping[str, Any]) -> Node:
    """Read one node of the API format: ``{"class_type": …, "inputs": {name: literal or [id, output]}}``.

    A literal list is spelled ``{"__value__": […]}``. Raises ValueError when the entry is no node.
    """
    if isinstance(entry, Node):
        return entry
    if not isinstance(entry, Mapping) or not isinstance(entry.get("class_type"), str):
        raise ValueError("a node needs a class_type")
    inputs = entry.get("inputs", {})
    if not isinstance(inputs, Mapping):
        raise ValueError("the inputs of a node are a mapping of names to values")
    return Node(entry["class_type"], {name: read_input(value) for name, value in inputs.items()})


def read_input(value: Any) -> Any:
    """Read one input of the API format: a link, a wrapped literal, or the literal itself."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int:
        return Link(value[0], value[1])
    if isinstance(value, Mapping) and value.keys() == {"__value__"}:
        return value["__value__"]
    return value
