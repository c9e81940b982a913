"""EDGE: the public editor's own format (``nodes``/``links``/``widgets_values``, subgraphs) as a document.

The format names few values: a node's widgets are a list in the order of its declaration, so node types must be known.
Left out is what does not run: notes, reroutes, muted and bypassed nodes. The original text goes along and is written
into pictures again, so that nothing is lost to the editor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graph.errors import Problem
from graph.registry import Registry
from graph.spec import NodeSpec
from graph.workflow import Link, NodeId
from workflows.api import write_input
from workflows.document import FORMAT, Document, from_members
from workflows.lenient_json import write_json

NOTES = {"Note", "MarkdownNote"}
REROUTE, PRIMITIVE = "Reroute", "PrimitiveNode"
OLD_GROUPS = ("workflow>", "workflow/")
INPUTS, OUTPUTS = "-10", "-20"  # what the inside of a subgraph calls its own inputs and outputs
ITSELF = "-1"  # what an instance calls the inputs of its own definition, where it lists inner widgets
MUTED, BYPASSED = 2, 4
CONTROLS = {"fixed", "increment", "decrement", "randomize"}
PLAIN = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
UPLOAD = "image"  # what the upload button of an image widget leaves behind its value
FARTHEST = 10_000  # links followed for one input

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class _Written:
    """A value that reaches an input through links."""

    value: Any


@dataclass
class _Scope:
    """The nodes of the workflow, or of one instance of a subgraph."""

    nodes: dict[str, Raw]
    links: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Link id → where it comes from."""
    into: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    """(node, slot) that a link leads to → where it comes from."""
    path: NodeId = ""
    parent: "_Scope | None" = None
    instance: Raw = field(default_factory=dict)
    """The node of the parent that stands for this."""
    definition: Raw = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    """What the instance writes into inputs of the definition."""
    overrides: dict[tuple[str, str], Any] = field(default_factory=dict)
    """What the instance writes into widgets of (inner node, name)."""
    children: dict[str, "_Scope"] = field(default_factory=dict)

    def id(self, node: str) -> NodeId:
        return f"{self.path}:{node}" if self.path else node


def read_editor_format(source: Raw, registry: Registry) -> Document:
    """The document that a file in the editor's format means. Problems name what could not be read."""
    reading = _Reading(source, registry)
    document = from_members({"format": FORMAT, "nodes": reading.read(), "controls": reading.controls})
    return replace(document, problems=(*reading.problems, *document.problems), editor_text=write_json(source))


class _Reading:
    def __init__(self, source: Raw, registry: Registry):
        self.registry = registry
        self.problems: list[Problem] = []
        self.controls: dict[str, str] = {}
        self.definitions = _definitions(source)
        self.top = _scope(source)

    def read(self) -> dict[NodeId, Any]:
        """The API format of all that runs; subgraphs are opened first, since links lead through them."""
        placed: list[tuple[_Scope, str, Raw]] = []
        waiting = [(self.top, frozenset[str]())]
        while waiting:
            scope, inside_of = waiting.pop()
            for name, node in scope.nodes.items():
                kind = _kind(node)
                if _mode(node) in (MUTED, BYPASSED) or kind in {*NOTES, REROUTE, PRIMITIVE}:
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

    def instance(self, scope: _Scope, name: str, node: Raw, definition: Raw) -> _Scope:
        """The inside of a subgraph, with the values that this instance of it writes."""
        inside = _scope(definition)
        inside.path, inside.parent, inside.instance, inside.definition = scope.id(name), scope, node, definition
        proxies = [(str(proxy[0]), str(proxy[1])) for proxy in _pairs(_members(node, "properties"), "proxyWidgets")]
        sockets = [str(socket.get("name")) for socket in _objects(definition, "inputs") if socket.get("type") in PLAIN]
        written = _list(node, "widgets_values")
        if written and len(written) == len(proxies):
            inside.overrides = dict(zip(proxies, written, strict=True))
            inside.values = {widget: value for (inner, widget), value in inside.overrides.items() if inner == ITSELF}
        elif len(written) == len(sockets):
            inside.values = dict(zip(sockets, written, strict=True))
        else:
            inside.values = dict(_members(node, "widgets_values_named"))
            inside.overrides = {proxy: inside.values[proxy[1]] for proxy in proxies if proxy[1] in inside.values}
            if written and not inside.values:
                message = f"{len(written)} values are written on it, and it is not clear what for"
                self.say("surplus_values", message, inside.path, "warning")
        inside.values |= {widget: value for (inner, widget), value in scope.overrides.items() if inner == name}
        return inside

    def entry(self, scope: _Scope, name: str, node: Raw) -> dict[str, Any]:
        """One node of the API format."""
        kind = _kind(node)
        node_type = self.registry.get(kind)
        if kind.startswith(OLD_GROUPS):
            self.say("group_node", "group nodes are not read; turn it into a subgraph in the editor", scope.id(name))
        inputs = self.widgets(scope.id(name), node, node_type.spec if node_type else None)
        inputs |= {widget: value for (inner, widget), value in scope.overrides.items() if inner == name}
        for socket in _objects(node, "inputs"):
            if (source := scope.links.get(_key(socket.get("link")))) is not None:
                reached = self.follow(scope, source)
                if reached is not None:
                    inputs[str(socket.get("name"))] = reached.value if isinstance(reached, _Written) else reached
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
        written = list(_list(node, "widgets_values"))
        if not written:
            by_name = _members(node, "widgets_values") or _members(node, "widgets_values_named")
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

    def follow(self, scope: _Scope, source: tuple[str, int]) -> Link | _Written | None:
        """What a link reads in the end: through reroutes, bypassed nodes, into and out of subgraphs."""
        for _ in range(FARTHEST):
            name, slot = source
            onward: tuple[str, int] | None
            if name == INPUTS and scope.parent is not None:
                sockets = _objects(scope.definition, "inputs")
                socket = str(sockets[slot].get("name")) if 0 <= slot < len(sockets) else ""
                onward = _linked(scope.parent, scope.instance, socket)
                if onward is None:
                    return _Written(scope.values[socket]) if socket in scope.values else None
                scope = scope.parent
            elif name in scope.children:
                scope = scope.children[name]
                onward = scope.into.get((OUTPUTS, slot))
            else:
                node = scope.nodes.get(name)
                if node is None or not (_mode(node) in (MUTED, BYPASSED) or _kind(node) in (REROUTE, PRIMITIVE)):
                    return Link(scope.id(name), slot)
                if _mode(node) == MUTED:
                    return None
                if _kind(node) == PRIMITIVE:
                    written = _list(node, "widgets_values")
                    return _Written(written[0]) if written else None
                onward = _around(scope, node, slot)
            if onward is None:
                return None
            source = onward
        return None


def _around(scope: _Scope, node: Raw, slot: int) -> tuple[str, int] | None:
    """Past a node that only passes on: its first linked input of the type that is read, the same place preferred."""
    inputs, outputs = _objects(node, "inputs"), _objects(node, "outputs")
    kind = outputs[slot].get("type") if 0 <= slot < len(outputs) else None
    for socket in inputs[slot : slot + 1] + inputs:
        if _kind(node) == REROUTE or socket.get("type") == kind or "*" in (kind, socket.get("type")):
            return scope.links.get(_key(socket.get("link")))
    return None


def _linked(scope: _Scope, node: Raw, name: str) -> tuple[str, int] | None:
    socket = next((socket for socket in _objects(node, "inputs") if socket.get("name") == name), {})
    return scope.links.get(_key(socket.get("link")))


def _scope(graph: Raw) -> _Scope:
    """The tables of one level; links are lists in one version of the format and objects in the other."""
    nodes = {str(node.get("id")): node for node in _objects(graph, "nodes")}
    scope = _Scope(nodes)
    for link in _list(graph, "links"):
        match link:
            case [key, origin, int() as slot, target, int() as target_slot, *_]:
                pass
            case {
                "id": key,
                "origin_id": origin,
                "origin_slot": int() as slot,
                "target_id": target,
                "target_slot": int() as target_slot,
            }:
                pass
            case _:
                continue
        scope.links[_key(key)] = scope.into[str(target), target_slot] = (str(origin), slot)
    return scope


def _definitions(source: Raw) -> dict[str, Raw]:
    """All subgraphs by id, those inside others too."""
    found: dict[str, Raw] = {}
    waiting = [source]
    while waiting:
        for definition in _objects(_members(waiting.pop(), "definitions"), "subgraphs"):
            if (key := str(definition.get("id"))) not in found:
                found[key] = definition
                waiting.append(definition)
    return found


def _kind(node: Raw) -> str:
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""


def _mode(node: Raw) -> Any:
    return node.get("mode")


def _key(link: Any) -> str:
    return str(link)


def _members(raw: Raw, name: str) -> Raw:
    value = raw.get(name)
    return value if isinstance(value, Mapping) else {}


def _list(raw: Raw, name: str) -> list[Any]:
    value = raw.get(name)
    return value if isinstance(value, list) else []


def _pairs(raw: Raw, name: str) -> list[list[Any]]:
    return [item for item in _list(raw, name) if isinstance(item, list) and len(item) == 2]


def _objects(raw: Raw, name: str) -> list[Raw]:
    return [item for item in _list(raw, name) if isinstance(item, Mapping)]
