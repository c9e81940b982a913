"""Muted and bypassed nodes: whom a link really reaches.

A muted node is not there: inputs linked to it are left open. A bypassed node passes its consumers on to the
first of its own linked inputs that has the type of the output they read, the same position preferred.
"""

from __future__ import annotations

from collections.abc import Mapping

from graph.declare import NodeType
from graph.spec import ANY, Input, Output
from graph.workflow import Link, Node, NodeId


class Rewiring:
    """Follows links through nodes that do not run. Each is walked once however often it is asked for."""

    def __init__(self, nodes: Mapping[NodeId, Node], types: Mapping[NodeId, NodeType]):
        self._nodes, self._types = nodes, types
        self._reached: dict[Link, Link | None] = {}

    def follow(self, link: Link) -> Link | None:
        """The output that the link reads in the end; None where nothing is left to read."""
        walked: list[Link] = []
        reached: Link | None = link
        while reached is not None and reached not in self._reached:
            node = self._nodes.get(reached.node)
            if node is None or node.mode == "run":
                break
            walked.append(reached)
            self._reached[reached] = None  # whoever comes back here goes in circles
            reached = self._around(node, reached) if node.mode == "bypass" else None
        reached = self._reached.get(reached, reached) if reached is not None else None
        for passed in walked:
            self._reached[passed] = reached
        return reached

    def _around(self, node: Node, link: Link) -> Link | None:
        node_type = self._types.get(link.node)
        if node_type is None or not 0 <= link.output < len(node_type.spec.outputs):
            return None
        output = node_type.spec.outputs[link.output]
        inputs = node_type.spec.inputs
        sockets = [declared for declared in inputs if declared.plain is None]
        for declared in (*sockets[link.output : link.output + 1], *sockets, *inputs):
            if _matches(declared, output):
                value = node.inputs.get(declared.name)
                return value if isinstance(value, Link) else None
        return None


def _matches(declared: Input, output: Output) -> bool:
    return (
        declared.socket == output.socket or ANY in (declared.socket, output.socket) or declared.socket in output.kinds
    )
