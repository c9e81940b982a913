"""Subgraphs taken apart: an instance of a definition becomes its nodes, called ``instance:inner``.

A definition is ``{"nodes": API format, "modes": …, "inputs": [{"name": …, "to": [[node, input], …]}, …],
"outputs": [{"name": …, "from": [node, slot]}, …]}`` and stands in a workflow as a node with
``class_type: "subgraph:<id>"``; slot i of the instance is output i of the definition.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from graph.errors import Problem
from graph.workflow import Link, Mode, Node, NodeId
from workflows.api import links, read_nodes

PREFIX = "subgraph:"
MODES: tuple[Mode, ...] = get_args(Mode)
MOST_NODES = 100_000  # a few definitions that hold each other many times could otherwise fill any memory


@dataclass(frozen=True)
class Definition:
    """The inside of a subgraph, and which of its sockets are reached from outside."""

    nodes: Mapping[NodeId, Node] = field(default_factory=dict)
    inputs: Mapping[str, tuple[tuple[NodeId, str], ...]] = field(default_factory=dict)
    outputs: tuple[Link, ...] = ()


def read_definition(members: Mapping[str, Any], problems: list[Problem], name: str = "") -> Definition:
    """Read the ``nodes``, ``modes``, ``inputs`` and ``outputs`` of a document or of one of its definitions."""
    inside = f"{name}/" if name else ""
    modes = _read_modes(members.get("modes", {}), inside, problems)
    nodes = read_nodes(members.get("nodes", {}), modes, problems, inside)
    written = members.get("nodes")
    for node_id in sorted(modes.keys() - written.keys()) if isinstance(written, Mapping) else ():
        message = f"the modes speak of node {node_id!r}, which is not there"
        problems.append(Problem("unknown_node", message, inside + node_id, severity="warning"))
    inputs: dict[str, tuple[tuple[NodeId, str], ...]] = {}
    outputs: list[Link] = []
    for member in _listed(members.get("inputs")):
        match member:
            case {"name": str() as called, "to": list() as written} if all(map(_is_place, written)):
                inputs[called] = tuple((place[0], place[1]) for place in written)
            case _:
                problems.append(_bad_socket(name, "an input", '{"name": "seed", "to": [["3", "seed"]]}'))
    for member in _listed(members.get("outputs")):
        match member:
            case {"name": str(), "from": [str() as node, int() as slot]}:
                outputs.append(Link(node, slot))
            case _:
                problems.append(_bad_socket(name, "an output", '{"name": "image", "from": ["8", 0]}'))
                outputs.append(Link("", 0))  # the slots after it keep their numbers
    for called, places in inputs.items():
        for node, _socket in places:
            if node not in nodes:
                message = f"the parameter {called!r} leads to node {node!r}, which is not there"
                problems.append(Problem("bad_document", message, inside + node if inside else None))
    return Definition(nodes, inputs, tuple(outputs))


def flatten(members: Mapping[str, Any], problems: list[Problem]) -> dict[NodeId, Node]:
    """The nodes of a document with every subgraph instance replaced by its inside."""
    top = read_definition(members, problems)
    if not any(node.type.startswith(PREFIX) for node in top.nodes.values()):
        return dict(top.nodes)
    definitions = {}
    written = members.get("definitions")
    for name, definition in written.items() if isinstance(written, Mapping) else ():
        if isinstance(definition, Mapping):
            definitions[name] = read_definition(definition, problems, name)
        else:
            problems.append(Problem("bad_document", f"the subgraph {name!r} must be a JSON object"))
    return _Flattening(definitions, problems).run(top)


class _Flattening:
    """Instances are opened one level after the other; links through them are followed at the end."""

    def __init__(self, definitions: Mapping[str, Definition], problems: list[Problem]):
        self.definitions, self.problems = definitions, problems
        self.flat: dict[NodeId, Node] = {}
        self.outputs: dict[NodeId, tuple[Link, ...]] = {}

    def run(self, top: Definition) -> dict[NodeId, Node]:
        self.flat = dict(top.nodes)
        waiting = [(node_id, frozenset[str]()) for node_id, node in top.nodes.items() if node.type.startswith(PREFIX)]
        while waiting and len(self.flat) <= MOST_NODES:
            node_id, inside_of = waiting.pop()
            waiting += self.open(node_id, inside_of)
        if waiting:
            self.problems.append(
                Problem("bad_document", f"the subgraphs of this document unfold to more than {MOST_NODES} nodes")
            )
        return {node_id: self.relinked(node) for node_id, node in self.flat.items()}

    def open(self, instance_id: NodeId, inside_of: frozenset[str]) -> list[tuple[NodeId, frozenset[str]]]:
        instance = self.flat.pop(instance_id)
        name = instance.type.removeprefix(PREFIX)
        definition = self.definitions.get(name)
        if definition is None:
            self.problems.append(
                Problem("unknown_subgraph", f"there is no subgraph {name!r} in this document", instance_id)
            )
            return []
        if name in inside_of:
            self.problems.append(Problem("recursive_subgraph", f"the subgraph {name!r} contains itself", instance_id))
            return []
        inner = {node_id: _moved(node, instance_id, instance.mode) for node_id, node in definition.nodes.items()}
        for socket, value in instance.inputs.items():
            if socket not in definition.inputs:
                message = f"the subgraph {name!r} has no input called {socket!r}"
                self.problems.append(Problem("unknown_input", message, instance_id, socket, severity="warning"))
            for node_id, inner_socket in definition.inputs.get(socket, ()):
                if node_id in inner:
                    node = inner[node_id]
                    inner[node_id] = replace(node, inputs={**node.inputs, inner_socket: value})
        self.flat |= {f"{instance_id}:{node_id}": node for node_id, node in inner.items()}
        self.outputs[instance_id] = tuple(_moved_link(link, instance_id) for link in definition.outputs)
        return [
            (f"{instance_id}:{node_id}", inside_of | {name})
            for node_id, node in inner.items()
            if node.type.startswith(PREFIX)
        ]

    def relinked(self, node: Node) -> Node:
        through = {name: self.source(link) for name, link in links(node) if link.node in self.outputs}
        return replace(node, inputs={**node.inputs, **through}) if through else node

    def source(self, link: Link) -> Link:
        """Where a link to an instance really comes from; an output that is not there stays dangling."""
        while link.node in self.outputs and 0 <= link.output < len(self.outputs[link.node]):
            link = self.outputs[link.node][link.output]
        return link


def _moved(node: Node, instance_id: NodeId, mode: Mode) -> Node:
    """A node of a definition as a node of an instance: its links stay inside, the instance's mode holds for all."""
    inputs = {
        name: _moved_link(value, instance_id) if isinstance(value, Link) else value
        for name, value in node.inputs.items()
    }
    return replace(node, inputs=inputs, mode=mode if mode != "run" else node.mode)


def _moved_link(link: Link, instance_id: NodeId) -> Link:
    return Link(f"{instance_id}:{link.node}", link.output)


def _read_modes(modes: Any, inside: str, problems: list[Problem]) -> dict[NodeId, Mode]:
    if not isinstance(modes, Mapping):
        problems.append(Problem("bad_document", "the modes must be a JSON object of node ids"))
        return {}
    known: dict[NodeId, Mode] = {}
    for node_id, mode in modes.items():
        if mode in MODES:
            known[node_id] = mode
        else:
            problems.append(
                Problem("bad_document", f"a node's mode is one of {', '.join(MODES)}, not {mode!r}", inside + node_id)
            )
    return known


def _listed(members: Any) -> list[Any]:
    """Public tools know no ``inputs``/``outputs``; ours are lists."""
    return members if isinstance(members, list) else [] if members is None else [members]


def _is_place(place: Any) -> bool:
    return isinstance(place, list) and len(place) == 2 and all(isinstance(part, str) for part in place)


def _bad_socket(name: str, kind: str, example: str) -> Problem:
    where = f"the subgraph {name!r}" if name else "this document"
    return Problem("bad_document", f"{kind} of {where} is not of the form {example}")
