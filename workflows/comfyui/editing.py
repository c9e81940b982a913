"""The public editor's own format as a document to edit: nothing is taken apart, switched off or left out.

Subgraphs become definitions, promoted widgets further inputs of theirs; reroutes stay nodes; groups, notes and places
come along. Primitive nodes become the values that they hold, since every widget here can be written itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from graph.registry import Registry
from graph.workflow import NodeId
from workflows.api import write_input
from workflows.comfyui.raw import (
    BYPASSED,
    INPUTS,
    ITSELF,
    MUTED,
    NOTES,
    OUTPUTS,
    PRIMITIVE,
    REROUTE,
    Raw,
    kind_of,
    listed,
    members,
    objects,
    pairs,
)
from workflows.comfyui.reading import Reading, Scope, scope_of
from workflows.document import FORMAT, Document, from_members
from workflows.lenient_json import write_json
from workflows.subgraphs import PREFIX

MODES = {MUTED: "mute", BYPASSED: "bypass"}


def read_for_editing(source: Raw, registry: Registry) -> Document:
    """The document that a file in the editor's format is drawn from. Problems name what could not be read."""
    reading = Reading(source, registry)
    graphs = _Graphs(reading)
    top = graphs.members(reading.top)
    definitions = {key: graphs.definition(definition) for key, definition in reading.definitions.items()}
    whole = {"format": FORMAT, **top, **({"definitions": definitions} if definitions else {})}
    document = from_members(whole)
    return replace(document, problems=(*reading.problems, *document.problems), editor_text=write_json(source))


class _Graphs:
    """Writes the graphs of a file as members of a document."""

    def __init__(self, reading: Reading):
        self.reading = reading
        self.promoted = _promoted(reading)

    def members(self, scope: Scope) -> dict[str, Any]:
        """Nodes, modes, controls, places, groups and notes of one graph."""
        self.reading.controls = {}
        nodes = {
            name: self.entry(scope, name, node)
            for name, node in scope.nodes.items()
            if kind_of(node) not in {*NOTES, PRIMITIVE}
        }
        switched = ((name, scope.nodes[name].get("mode")) for name in nodes)
        modes = {name: MODES[mode] for name, mode in switched if mode in (MUTED, BYPASSED)}
        found = {
            "nodes": nodes,
            "modes": modes,
            "controls": dict(self.reading.controls),
            "layout": {"nodes": {name: place for name in nodes if (place := _place(scope.nodes[name]))}},
            "groups": [_group(number, group) for number, group in enumerate(objects(scope.definition, "groups"), 1)],
            "notes": [_note(name, node) for name, node in scope.nodes.items() if kind_of(node) in NOTES],
        }
        return {name: member for name, member in found.items() if member or name == "nodes"}

    def definition(self, raw: Raw) -> dict[str, Any]:
        """A subgraph with its inputs and outputs; widgets that instances promote are inputs too."""
        scope = scope_of(raw)
        scope.definition = raw
        key = str(raw.get("id"))
        title = raw.get("name")
        return {
            **({"title": title} if isinstance(title, str) and title else {}),
            **self.members(scope),
            "inputs": [*_inputs(scope, raw), *_promotions(scope, self.promoted.get(key, {}))],
            "outputs": [
                {"name": str(port.get("name")), "from": list(scope.into.get((OUTPUTS, slot), ("", 0)))}
                for slot, port in enumerate(objects(raw, "outputs"))
            ],
        }

    def entry(self, scope: Scope, name: str, node: Raw) -> dict[str, Any]:
        """One node of the API format."""
        kind = kind_of(node)
        title = node.get("title")
        meta: dict[str, Any] = {"title": title} if isinstance(title, str) and title else {}
        if kind in self.reading.definitions:
            inputs = self.values(scope, name, node)
            kind = f"{PREFIX}{kind}"
        else:
            node_type = self.reading.registry.get(kind)
            inputs = self.reading.widgets(name, node, node_type.spec if node_type else None)
            if node_type is None and (written := listed(node, "widgets_values")):
                meta["widgets_values"] = written  # what they mean only that node knows: they are kept as they are
        for place, socket in enumerate(objects(node, "inputs")):
            label = "value" if kind == REROUTE else str(socket.get("name"))
            source = scope.into.get((name, place))
            if source is None:
                continue
            inputs.pop(label, None)
            value = self.source(scope, source)
            if value is not None:
                inputs[label] = value
        entry: dict[str, Any] = {"class_type": kind, "inputs": inputs}
        return entry | ({"_meta": meta} if meta else {})

    def source(self, scope: Scope, source: tuple[str, int]) -> Any:
        """A link as the API format has it, or the value of a primitive node; None for what comes from outside."""
        name, slot = source
        node = scope.nodes.get(name)
        if name == INPUTS or node is None:
            return None
        if kind_of(node) == PRIMITIVE:
            written = listed(node, "widgets_values")
            return write_input(written[0]) if written else None
        return [name, slot]

    def values(self, scope: Scope, name: str, node: Raw) -> dict[str, Any]:
        """What an instance of a subgraph writes into its inputs."""
        key = kind_of(node)
        inside = self.reading.instance(scope, name, node, self.reading.definitions[key])
        values = {label: write_input(value) for label, value in inside.values.items()}
        names = self.promoted.get(key, {})
        for place, value in inside.overrides.items():
            if place in names:
                values.pop(place[1], None)
                values[names[place]] = write_input(value)
        return values


def _promoted(reading: Reading) -> dict[str, dict[tuple[str, str], str]]:
    """For each definition the inner widgets that any of its instances promotes, with the names of their inputs."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    graphs = [reading.top, *(scope_of(definition) for definition in reading.definitions.values())]
    for node in (node for graph in graphs for node in graph.nodes.values()):
        key = kind_of(node)
        if key not in reading.definitions:
            continue
        names = found.setdefault(key, {})
        taken = {str(port.get("name")) for port in objects(reading.definitions[key], "inputs")} | set(names.values())
        for inner, widget in pairs(members(node, "properties"), "proxyWidgets"):
            place = (str(inner), str(widget))
            if place[0] != ITSELF and place not in names:
                names[place] = place[1] if place[1] not in taken else f"{place[1]} ({place[0]})"
                taken.add(names[place])
    return found


def _inputs(scope: Scope, raw: Raw) -> Iterator[dict[str, Any]]:
    for slot, port in enumerate(objects(raw, "inputs")):
        yield {"name": str(port.get("name")), "to": _readers(scope, (INPUTS, slot))}


def _promotions(scope: Scope, names: Mapping[tuple[str, str], str]) -> Iterator[dict[str, Any]]:
    for (inner, widget), name in names.items():
        node = scope.nodes.get(inner)
        if node is None:  # the file promotes what it does not have
            yield {"name": name, "to": []}
        elif kind_of(node) == PRIMITIVE:
            yield {"name": name, "to": _readers(scope, (inner, 0))}
        else:
            yield {"name": name, "to": [[inner, widget]]}


def _readers(scope: Scope, source: tuple[str, int]) -> list[list[str]]:
    """Nodes and inputs that read something, by name."""
    return [
        [target, "value" if kind_of(scope.nodes[target]) == REROUTE else str(sockets[place].get("name"))]
        for (target, place), found in scope.into.items()
        if found == source and target in scope.nodes and place < len(sockets := objects(scope.nodes[target], "inputs"))
    ]


def _place(node: Raw) -> dict[str, Any]:
    x, y = _pair(node.get("pos"))
    if x is None or y is None:
        return {}
    collapsed = members(node, "flags").get("collapsed") is True
    color = node.get("color")
    return {
        "x": x,
        "y": y,
        **({"collapsed": True} if collapsed else {}),
        **({"color": color} if isinstance(color, str) else {}),
    }


def _group(number: int, group: Raw) -> dict[str, Any]:
    x, y, width, height = (*listed(group, "bounding"), 0, 0, 480, 320)[:4]
    title, color = group.get("title"), group.get("color")
    return {
        "id": f"group {number}",
        "title": title if isinstance(title, str) else "",
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        **({"color": color} if isinstance(color, str) else {}),
    }


def _note(name: NodeId, node: Raw) -> dict[str, Any]:
    written = listed(node, "widgets_values")
    (x, y), (width, height) = _pair(node.get("pos")), _pair(node.get("size"))
    return {
        "id": f"note {name}",
        "text": str(written[0]) if written else "",
        "x": x or 0,
        "y": y or 0,
        "width": width or 320,
        "height": height or 160,
    }


def _pair(value: Any) -> tuple[float | None, float | None]:
    """Two numbers, as a list or as an object with the keys 0 and 1."""
    if isinstance(value, Mapping):
        value = [value.get("0"), value.get("1")]
    if isinstance(value, list) and len(value) >= 2 and all(type(side) in (int, float) for side in value[:2]):
        return value[0], value[1]
    return None, None
