"""Muted and bypassed nodes taken out of a document, for programs that know no modes."""

from collections.abc import Mapping
from dataclasses import replace

from graph.modes import Rewiring
from graph.registry import Registry
from graph.workflow import Link, Node, NodeId, Workflow
from workflows.document import Document


def without_modes(document: Document, registry: Registry) -> Document:
    """The same document; its flat workflow, and with it the API format, has only the nodes that run."""
    nodes = document.workflow.nodes
    if all(node.mode == "run" for node in nodes.values()):
        return document
    types = {node_id: registry[node.type] for node_id, node in nodes.items() if node.type in registry}
    rewiring = Rewiring(nodes, types)
    running = {node_id: _relinked(node, rewiring) for node_id, node in nodes.items() if node.mode == "run"}
    return replace(document, workflow=Workflow(running, document.workflow.requires))


def _relinked(node: Node, rewiring: Rewiring) -> Node:
    """A node whose links go around what does not run; an input with nothing behind it is left open."""
    reached: Mapping[NodeId, object] = {
        name: rewiring.follow(value) if isinstance(value, Link) else value for name, value in node.inputs.items()
    }
    kept = {
        name: value for name, value in reached.items() if value is not None or not isinstance(node.inputs[name], Link)
    }
    return replace(node, inputs=kept)
