"""Members of the public editor's files, whatever their writers put there."""

from collections.abc import Mapping
from typing import Any

Raw = Mapping[str, Any]

NOTES = frozenset({"Note", "MarkdownNote"})
REROUTE, PRIMITIVE = "Reroute", "PrimitiveNode"
INPUTS, OUTPUTS = "-10", "-20"  # what the inside of a subgraph calls its own inputs and outputs
ITSELF = "-1"  # what an instance calls the inputs of its own definition, where it lists inner widgets
MUTED, BYPASSED = 2, 4
CONTROLS = ("fixed", "increment", "decrement", "randomize")
PLAIN = ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO")
UPLOAD = "image"  # what the upload button of an image widget leaves behind its value


def kind_of(node: Raw) -> str:
    """The class of a node, or the id of the subgraph that it is an instance of."""
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""


def members(raw: Raw, name: str) -> Raw:
    """A member that is an object; an empty one where it is none."""
    value = raw.get(name)
    return value if isinstance(value, Mapping) else {}


def listed(raw: Raw, name: str) -> list[Any]:
    """A member that is a list; an empty one where it is none."""
    value = raw.get(name)
    return value if isinstance(value, list) else []


def pairs(raw: Raw, name: str) -> list[list[Any]]:
    """The pairs of a list."""
    return [item for item in listed(raw, name) if isinstance(item, list) and len(item) == 2]


def objects(raw: Raw, name: str) -> list[Raw]:
    """The objects of a list."""
    return [item for item in listed(raw, name) if isinstance(item, Mapping)]


def links_of(graph: Raw) -> list[tuple[str, str, int, str, int]]:
    """``(id, from node, its output, to node, its input)``; lists in one version of the format, objects in the other."""
    found = []
    for link in listed(graph, "links"):
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
        found.append((str(key), str(origin), slot, str(target), target_slot))
    return found


def definitions_of(source: Raw) -> dict[str, Raw]:
    """All subgraphs by id, those inside others too."""
    found: dict[str, Raw] = {}
    waiting = [source]
    while waiting:
        for definition in objects(members(waiting.pop(), "definitions"), "subgraphs"):
            if (key := str(definition.get("id"))) not in found:
                found[key] = definition
                waiting.append(definition)
    return found
