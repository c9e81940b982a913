"""The public API format as values and back.

{id: {"class_type": …, "inputs": {name: literal or [id, slot]}, "_meta": {"title": …}}}
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graph.errors import Problem
from graph.workflow import Link, Mode, Node, read_input
from workflows.lenient_json import is_finite, repeated_keys

REROUTE, PASSED_ON = "Reroute", "value"
UNNAMED = {REROUTE: PASSED_ON, "Note": "text", "MarkdownNote": "text"}
"""What the one input of a node is called here that has no name in the editor, and any in other programs."""
LITERAL = "__value__"
"""``{"__value__": [1, 2]}`` is the list [1, 2]; a bare ``["3", 0]`` is a link."""


def read_nodes(entries: Any, modes: Mapping[str, Mode], problems: list[Problem], inside: str = "") -> dict[str, Node]:
    """Every entry that is a node; the others become problems. ``inside`` names the subgraph in their addresses."""
    if not isinstance(entries, Mapping):
        problems.append(Problem("bad_document", f"the nodes must be a JSON object, not {_kind(entries)}"))
        return {}
    for repeated in repeated_keys(entries):
        problems.append(Problem("repeated_key", f"two nodes have the id {repeated!r}", inside + repeated))
    nodes = {}
    for node_id, entry in entries.items():
        address = inside + node_id
        problem = _shape(entry)
        if problem:
            problems.append(Problem("bad_document", problem, address))
            continue
        for repeated in [*repeated_keys(entry), *repeated_keys(entry.get("inputs"))]:
            problems.append(Problem("repeated_key", f"{repeated!r} is written twice", address, repeated))
        inputs = {}
        for name, value in (entry.get("inputs") or {}).items():
            if not is_finite(value):
                problems.append(Problem("not_finite", f"{name!r} must be a number, not NaN or infinity", address, name))
            if isinstance(value, str) and not _is_text(value):
                message = f"{name!r} holds half of a character (a lone surrogate); write it again"
                problems.append(Problem("not_text", message, address, name))
            if len(entry["inputs"]) == 1:
                name = UNNAMED.get(entry["class_type"], name)
            inputs[name] = _read_input(value)
            if _names_a_number(value) and str(value[0]) in entries:
                inputs[name] = Link(str(value[0]), value[1])
                message = f'{name!r} looks like a link; a link has its node in quotes: ["{value[0]}", {value[1]}]'
                problems.append(Problem("link_without_quotes", message, address, name, severity="warning"))
        nodes[node_id] = Node(entry["class_type"], inputs, _title(entry), modes.get(node_id, "run"))
    return nodes


def write_nodes(nodes: Mapping[str, Node]) -> dict[str, Any]:
    """The API format of flat nodes; modes are not part of it."""
    return {node_id: _write_node(node) for node_id, node in nodes.items()}


def write_input(value: Any) -> Any:
    """A link as ``[id, slot]``, a literal list wrapped, any other literal as it is."""
    match value:
        case Link(node, output):
            return [node, output]
        case list() | tuple():
            return {LITERAL: list(value)}
        case {"__value__": _} if len(value) == 1:  # a literal that happens to look like a wrapped list stays itself
            return {LITERAL: value}
    return value


def links(node: Node) -> Iterator[tuple[str, Link]]:
    """The linked inputs of a node."""
    for name, value in node.inputs.items():
        if isinstance(value, Link):
            yield name, value


def _write_node(node: Node) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "class_type": node.type,
        "inputs": {name: write_input(value) for name, value in node.inputs.items()},
    }
    return entry | ({"_meta": {"title": node.title}} if node.title else {})


def _read_input(value: Any) -> Any:
    match value:
        case [str() as node, float() as slot] if slot.is_integer():  # some programs write every number with a point
            return Link(node, int(slot))
    return read_input(value)


def _is_text(value: str) -> bool:
    """Whether it can be written as Unicode: JSON can spell half of a surrogate pair, which no encoding has."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _names_a_number(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value)


def _shape(entry: Any) -> str | None:
    """What keeps an entry from being a node, as a sentence."""
    if not isinstance(entry, Mapping):
        return f"a node must be a JSON object, not {_kind(entry)}"
    if not isinstance(entry.get("class_type"), str) or not entry["class_type"]:
        return "a node needs a class_type, which names what it does"
    if not isinstance(entry.get("inputs") or {}, Mapping):
        return f"a node's inputs must be a JSON object, not {_kind(entry['inputs'])}"
    return None


def _title(entry: Mapping[str, Any]) -> str:
    match entry.get("_meta"):
        case {"title": str() as title}:
            return title
    return ""


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
