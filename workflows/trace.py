"""Follow links backwards: which literal, which loaders, which texts a node's input comes from."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from graph.workflow import Link, NodeId, Workflow
from workflows.api import PASSED_ON, REROUTE, links
from workflows.document import Document
from workflows.variations import varied

VARIATIONS = "PromptVariations"
FARTHEST = 1000  # links followed for one question


def literal(document: Document, node_id: NodeId, name: str) -> Any:
    """The value of an input: as written, or as written in the plain value node it is linked to; else None.

    Where prompt variations are linked it is what their seed chooses.
    """
    return _followed(document, node_id, name, varies=True)


def _followed(document: Document, node_id: NodeId, name: str, *, varies: bool) -> Any:
    """The same; a value that does not vary, such as a seed, cannot come from variations."""
    node = document.workflow.nodes.get(node_id)
    seeds: list[int] = []
    for _ in range(FARTHEST):
        value = node.inputs.get(name) if node else None
        if not isinstance(value, Link):
            for seed in reversed(seeds):
                value = varied(value, seed) if isinstance(value, str) else None
            return value
        source, node = value.node, document.workflow.nodes.get(value.node)
        if node is not None and node.type == VARIATIONS:
            if not varies:
                return None
            seed = _followed(document, source, "seed", varies=False) if "seed" in node.inputs else 0
            if not isinstance(seed, int):
                return None
            seeds.append(seed)
            name = "text"
        elif node is not None and node.type == REROUTE:
            name = PASSED_ON
        else:
            literals = [known for known in node.inputs if not isinstance(node.inputs[known], Link)] if node else []
            name = "value" if "value" in literals else literals[0] if len(literals) == 1 else ""
    return None


def upstream(workflow: Workflow, start: NodeId) -> Iterator[NodeId]:
    """A node and everything that feeds it, nearest first."""
    seen, waiting = {start}, deque([start])
    while waiting:
        node_id = waiting.popleft()
        yield node_id
        for _, link in links(workflow.nodes[node_id]):
            if link.node in workflow.nodes and link.node not in seen:
                seen.add(link.node)
                waiting.append(link.node)
