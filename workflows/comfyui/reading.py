"""The public editor's own format (``nodes``/``links``/``widgets_values``, subgraphs) as a document.

The format names few values: a node's widgets are a list in the order of its declaration, so node types must be known.
Left out is what does not run: notes, reroutes, muted and bypassed nodes. The original text goes along and is written
into pictures again, so that nothing is lost to the editor.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from graph.errors import Problem
from graph.registry import Registry
from graph.spec import NodeSpec
from graph.workflow import Link, NodeId
from workflows.api import write_input
from workflows.comfyui.raw import (
    BYPASSED,
    CONTROLS,
    INPUTS,
    ITSELF,
    MUTED,
    NOTES,
    OUTPUTS,
    PLAIN,
    PRIMITIVE,
    REROUTE,
    UPLOAD,
    Raw,
    definitions_of,
    kind_of,
    links_of,
    listed,
    members,
    objects,
    pairs,
)
from workflows.document import FORMAT, Document, from_members
from workflows.lenient_json import write_json

OLD_GROUPS = ("workflow>", "workflow/")
FARTHEST = 10_000  # links followed for one input


@dataclass(frozen=True)
class Written:
    """A value that reaches an input through links."""

    value: Any


@dataclass
class Scope:
    """The nodes of the workflow, or of one instance of a subgraph."""

    nodes: dict[str, Raw]
    links: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Link id → where it comes from."""
    into: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    """(node, slot) that a link leads to → where it comes from."""
    path: NodeId = ""
    parent: "Scope | None" = None
    instance: Raw = field(default_factory=dict)
    """The node of the parent that stands for this."""
    definition: Raw = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    """What the instance writes into inputs of the definition."""
    overrides: dict[tuple[str, str], Any] = field(default_factory=dict)
    """What the instance writes into widgets of (inner node, name)."""
    children: dict[str, "Scope"] = field(default_factory=dict)

    def id(self, node: str) -> NodeId:
        return f"{self.path}:{node}" if self.path else node


def read_editor_format(source: Raw, registry: Registry) -> Document:
    """The document that a file in the editor's format means. Problems name what could not be read."""
    reading = Reading(source, registry)
    document = from_members({"format": FORMAT, "nodes": reading.read(), "controls": reading.controls})
    return replace(document, problems=(*reading.problems, *document.problems), editor_text=write_json(source))


class Reading:
    """Goes through a file, saying what could not be read."""

    def __init__(self, source: Raw, registry: Registry):
        self.registry = registry
        self.problems: list[Problem] = []
        self.controls: dict[str, str] = {}
        self.definitions = definitions_of(source)
        self.top = scope_of(source)

    def read(self) -> dict[NodeId, Any]:
        """The API format of all that runs; subgraphs are opened first, since links lead through them."""
        placed: list[tuple[Scope, str, Raw]] = []
        waiting = [(self.top, frozenset[str]())]
        while waiting:
            scope, inside_of = waiting.pop()
            for name, node in scope.nodes.items():
                kind = kind_of(node)
                if node.get("mode") in (MUTED, BYPASSED) or kind in {*NOTES, REROUTE, PRIMITIVE}:
                    continue
                if kind in inside_of:
                    self.say("recursive_subgraph", "the subgraph contains itself", scope.id(name))
                elif kind in self.definitions:
                    scope.children[name] = self.instance(scope, name, node, self.definitions[kind])
                    waiting.append((scope.children[name], inside_of | {kind}))
                else:
                    placed.append((scope, name, node))
        return {scope.id(name): self.entry(scope, name, node) for scope, name, node in placed}

    def say(self, code: str, message: str, node: NodeId, severity: Any = "error") -> None:
        self.problems.append(Problem(code, message, node, severity=severity))

    def instance(self, scope: Scope, name: str, node: Raw, definition: Raw) -> Scope:
        """The inside of a subgraph, with the values that this instance of it writes."""
        inside = scope_of(definition)
        inside.path, inside.parent, inside.instance, inside.definition = scope.id(name), scope, node, definition
        proxies = [(str(proxy[0]), str(proxy[1])) for proxy in pairs(members(node, "properties"), "proxyWidgets")]
        sockets = [str(socket.get("name")) for socket in objects(definition, "inputs") if socket.get("type") in PLAIN]
        written = listed(node, "widgets_values")
        if written and len(written) == len(proxies):
            inside.overrides = dict(zip(proxies, written, strict=True))
            inside.values = {widget: value for (inner, widget), value in inside.overrides.items() if inner == ITSELF}
        elif len(written) == len(sockets):
            inside.values = dict(zip(sockets, written, strict=True))
        else:
            inside.values = dict(members(node, "widgets_values_named"))
            inside.overrides = {proxy: inside.values[proxy[1]] for proxy in proxies if proxy[1] in inside.values}
            if written and not inside.values:
                message = f"{len(written)} values are written on it, and it is not clear what for"
                self.say("surplus_values", message, inside.path, "warning")
        inside.values |= {widget: value for (inner, widget), value in scope.overrides.items() if inner == name}
        return inside

    def entry(self, scope: Scope, name: str, node: Raw) -> dict[str, Any]:
        """One node of the API format."""
        kind = kind_of(node)
        node_type = self.registry.get(kind)
        if kind.startswith(OLD_GROUPS):
            self.say("group_node", "group nodes are not read; turn it into a subgraph in the editor", scope.id(name))
        inputs = self.widgets(scope.id(name), node, node_type.spec if node_type else None)
        inputs |= {widget: value for (inner, widget), value in scope.overrides.items() if inner == name}
        for socket in objects(node, "inputs"):
            if (source := scope.links.get(str(socket.get("link")))) is not None:
                reached = self.follow(scope, source)
                if reached is not None:
                    inputs[str(socket.get("name"))] = reached.value if isinstance(reached, Written) else reached
                elif "widget" not in socket:
                    inputs.pop(str(socket.get("name")), None)
        if node_type is not None:
            self.say_missing(scope.id(name), node_type.spec, inputs)
        entry = {"class_type": kind, "inputs": {socket: write_input(value) for socket, value in inputs.items()}}
        title = node.get("title")
        return entry | ({"_meta": {"title": title}} if isinstance(title, str) and title else {})

    def widgets(self, node_id: NodeId, node: Raw, spec: NodeSpec | None) -> dict[str, Any]:
        """Values by name: in the order in which the node type declares its widgets, or as the file names them."""
        widgets = {declared.name: declared for declared in spec.inputs if declared.plain} if spec else {}
        written = list(listed(node, "widgets_values"))
        if not written:
            by_name = members(node, "widgets_values") or members(node, "widgets_values_named")
            return {name: value for name, value in by_name.items() if name in widgets}
        values: dict[str, Any] = {}
        for name, declared in widgets.items():
            if not written:
                break
            values[name] = written.pop(0)
            if declared.socket == "INT" and written and written[0] in CONTROLS:  # what becomes of it after each run
                self.controls[f"{node_id}.{name}"] = written.pop(0)
        if spec and written and written[0] != UPLOAD:
            message = f"{len(written)} of the values written on it are not known to {spec.name!r} here"
            self.say("surplus_values", message, node_id, "warning")
        return values

    def say_missing(self, node_id: NodeId, spec: NodeSpec, inputs: Raw) -> None:
        """Report the widgets that the file says nothing of: an older version of the node may not have had them."""
        missing = [
            known.name for known in spec.inputs if known.plain and not known.required and known.name not in inputs
        ]
        if missing:
            named = " and ".join(repr(name) for name in missing)
            self.say("missing_values", f"nothing is written for {named}: what is usual was taken", node_id, "warning")

    def follow(self, scope: Scope, source: tuple[str, int]) -> Link | Written | None:
        """What a link reads in the end: through reroutes, bypassed nodes, into and out of subgraphs."""
        for _ in range(FARTHEST):
            name, slot = source
            onward: tuple[str, int] | None
            if name == INPUTS and scope.parent is not None:
                sockets = objects(scope.definition, "inputs")
                socket = str(sockets[slot].get("name")) if 0 <= slot < len(sockets) else ""
                onward = _linked(scope.parent, scope.instance, socket)
                if onward is None:
                    return Written(scope.values[socket]) if socket in scope.values else None
                scope = scope.parent
            elif name in scope.children:
                scope = scope.children[name]
                onward = scope.into.get((OUTPUTS, slot))
            else:
                node = scope.nodes.get(name)
                if node is None or not (node.get("mode") in (MUTED, BYPASSED) or kind_of(node) in (REROUTE, PRIMITIVE)):
                    return Link(scope.id(name), slot)
                if node.get("mode") == MUTED:
                    return None
                if kind_of(node) == PRIMITIVE:
                    written = listed(node, "widgets_values")
                    return Written(written[0]) if written else None
                onward = _around(scope, node, slot)
            if onward is None:
                return None
            source = onward
        return None


def _around(scope: Scope, node: Raw, slot: int) -> tuple[str, int] | None:
    """Past a node that only passes on: its first linked input of the type that is read, the same place preferred."""
    inputs, outputs = objects(node, "inputs"), objects(node, "outputs")
    kind = outputs[slot].get("type") if 0 <= slot < len(outputs) else None
    for socket in inputs[slot : slot + 1] + inputs:
        if kind_of(node) == REROUTE or socket.get("type") == kind or "*" in (kind, socket.get("type")):
            return scope.links.get(str(socket.get("link")))
    return None


def _linked(scope: Scope, node: Raw, name: str) -> tuple[str, int] | None:
    socket = next((socket for socket in objects(node, "inputs") if socket.get("name") == name), {})
    return scope.links.get(str(socket.get("link")))


def scope_of(graph: Raw) -> Scope:
    """The tables of one level."""
    scope = Scope({str(node.get("id")): node for node in objects(graph, "nodes")}, definition=graph)
    for key, origin, slot, target, target_slot in links_of(graph):
        scope.links[key] = scope.into[target, target_slot] = (origin, slot)
    return scope
