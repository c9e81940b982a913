"""``comfy_execution.graph_utils``: building the nodes that a node puts in its place."""

import itertools
from collections.abc import Mapping
from typing import Any

from nodes.comfyui.blocking import ExecutionBlocker

__all__ = ["ExecutionBlocker", "GraphBuilder", "Node", "add_graph_prefix", "is_link"]


def is_link(value: object) -> bool:
    """Whether a value of the public format names an output of a node."""
    return (
        isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], (int, float))
    )


class GraphBuilder:
    """Collects nodes under ids that are the same each time a node builds the same."""

    _default_prefix_root = ""
    _default_prefix_call_index = 0
    _default_prefix_graph_index = 0

    def __init__(self, prefix: str | None = None):
        self.prefix = "" if prefix is None else prefix
        self.nodes: dict[str, Node] = {}
        self._numbers = itertools.count(1)

    @classmethod
    def alloc_prefix(
        cls, root: str | None = None, call_index: int | None = None, graph_index: int | None = None
    ) -> str:
        """A prefix for ids; ours need none, since every expansion gets ids of its own."""
        return "" if root is None else f"{root}.{call_index or 0}.{graph_index or 0}."

    def node(self, class_type: str, id: str | None = None, **inputs: Any) -> "Node":
        """Add a node, or find the one of this id."""
        node_id = f"{self.prefix}{next(self._numbers) if id is None else id}"
        if node_id not in self.nodes:
            self.nodes[node_id] = Node(node_id, class_type, inputs)
        return self.nodes[node_id]

    def lookup_node(self, id: str) -> "Node | None":
        return self.nodes.get(f"{self.prefix}{id}")

    def remove_node(self, id: str) -> None:
        del self.nodes[f"{self.prefix}{id}"]

    def replace_node_output(self, node_id: str, index: int, value: Any) -> None:
        """Let whatever reads an output read something else; None takes the input away."""
        old = [f"{self.prefix}{node_id}", index]
        for node in self.nodes.values():
            for name in [name for name, held in node.inputs.items() if held == old]:
                if value is None:
                    del node.inputs[name]
                else:
                    node.inputs[name] = value

    def finalize(self) -> dict[str, Any]:
        """All nodes in the public API format."""
        return {node_id: node.serialize() for node_id, node in self.nodes.items()}


class Node:
    """A node that is being built."""

    def __init__(self, id: str, class_type: str, inputs: Mapping[str, Any]):
        self.id, self.class_type, self.inputs = id, class_type, dict(inputs)
        self.override_display_id: str | None = None

    def out(self, index: int) -> list[Any]:
        """A link to one of its outputs."""
        return [self.id, index]

    def set_input(self, key: str, value: Any) -> None:
        if value is None:
            self.inputs.pop(key, None)
        else:
            self.inputs[key] = value

    def get_input(self, key: str) -> Any:
        return self.inputs.get(key)

    def set_override_display_id(self, override_display_id: str) -> None:
        self.override_display_id = override_display_id

    def serialize(self) -> dict[str, Any]:
        return {"class_type": self.class_type, "inputs": dict(self.inputs)}


def add_graph_prefix(
    graph: Mapping[str, Any], outputs: tuple[Any, ...], prefix: str
) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """The same nodes under ids with a prefix, and the same outputs."""

    def moved(value: Any) -> Any:
        return [prefix + value[0], value[1]] if is_link(value) else value

    nodes = {
        prefix + node_id: {**entry, "inputs": {name: moved(value) for name, value in entry["inputs"].items()}}
        for node_id, entry in graph.items()
    }
    return nodes, tuple(map(moved, outputs))
