"""Follow links backwards: which literal, which loaders, which texts a node's input comes from."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from graph.workflow import Link, Node, NodeId, Workflow
from workflows.api import PASSED_ON, REROUTE, links
from workflows.document import Document
from workflows.variations import varied

VARIATIONS, JOINED = "PromptVariations", "StringConcatenate"
DEEPEST = 100  # texts put together from others
LONGEST = 100_000  # characters of a text that anybody reads
FARTHEST = 1000  # links followed for one question


def literal(document: Document, node_id: NodeId, name: str) -> Any:
    """The value of an input: as written, or as written in the plain value node it is linked to; else None.

    Of linked prompt variations it is what their seed chooses, of texts put together the whole.
    """
    return _Tracing(document).value(node_id, name)


class _Tracing:
    """One question, which may lead to others."""

    def __init__(self, document: Document):
        self._document = document
        self._joined: dict[NodeId, str | None] = {}

    def value(self, node_id: NodeId, name: str, *, varies: bool = True, depth: int = 0) -> Any:
        """What is written for an input. One that does not vary, such as a seed, cannot come from variations."""
        node = self._document.workflow.nodes.get(node_id)
        seeds: list[int] = []
        for _ in range(FARTHEST):
            value = node.inputs.get(name) if node else None
            if not isinstance(value, Link):
                return _chosen(value, seeds)
            source, node = value.node, self._document.workflow.nodes.get(value.node)
            kind = node.type if node else ""
            if node is not None and kind == VARIATIONS:
                if not varies:
                    return None
                seed = self.value(source, "seed", varies=False, depth=depth) if "seed" in node.inputs else 0
                if not isinstance(seed, int):
                    return None
                seeds.append(seed)
                name = "text"
            elif node is not None and kind == JOINED:
                return _chosen(self._join(source, node, varies, depth + 1), seeds)
            elif kind == REROUTE:
                name = PASSED_ON
            else:
                literals = [known for known in node.inputs if not isinstance(node.inputs[known], Link)] if node else []
                name = "value" if "value" in literals else literals[0] if len(literals) == 1 else ""
        return None

    def _join(self, node_id: NodeId, node: Node, varies: bool, depth: int) -> str | None:
        """Two texts with what stands between them; each node is asked once, so that many in a row cost no more."""
        if node_id not in self._joined and depth <= DEEPEST:
            self._joined[node_id] = None  # whoever comes back here goes in circles
            first, second, between = (
                self.value(node_id, name, varies=varies, depth=depth) if name in node.inputs else ""
                for name in ("string_a", "string_b", "delimiter")
            )
            texts = [text for text in (first, between, second) if isinstance(text, str)]
            if len(texts) == 3 and sum(map(len, texts)) <= LONGEST:
                self._joined[node_id] = "".join(texts)
        return self._joined.get(node_id)


def _chosen(value: Any, seeds: list[int]) -> Any:
    """A text after every variation that it goes through, the nearest to it first."""
    for seed in reversed(seeds):
        value = varied(value, seed) if isinstance(value, str) else None
    return value


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
