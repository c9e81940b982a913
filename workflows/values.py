"""Change values of a document from outside: ``3.seed``, ``Sampler.seed`` by title, or a named parameter."""

import copy
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from graph.errors import InvalidWorkflow, Problem
from graph.workflow import NodeId
from workflows.api import write_input
from workflows.document import Document, from_members
from workflows.subgraphs import PREFIX

LOOKED_THROUGH = 2000  # names compared with a wrong one; more would take seconds

Place = tuple[NodeId, str]
"""A node and the name of one of its inputs."""


def with_values(document: Document, values: Mapping[str, Any]) -> Document:
    """The document with these inputs set, in what is run and in what is written.

    A key is ``NODE.INPUT``, the node by id (inner nodes of subgraphs as ``57:3``), by title or by class if only one
    has it; or the name of one of the document's own ``inputs``. Raises InvalidWorkflow for what is not there. Whether
    the node has such an input is for the graph's check to say.
    """
    placed = {place: value for key, value in values.items() for place in find_places(document, key)}
    return with_placed_values(document, placed)


def with_placed_values(document: Document, values: Mapping[Place, Any]) -> Document:
    """The same for places that are known to be there."""
    if not values:
        return document
    _refuse_broken(document)
    members = copy.deepcopy(dict(document.members))
    for (node_id, name), value in values.items():
        entry, name = _entry(members, node_id, name)
        entry["inputs"] = {**(entry.get("inputs") or {}), name: write_input(value)}
    return replace(from_members(members), editor_text=document.editor_text)


def find_places(document: Document, key: str) -> list[Place]:
    """The inputs a person means by a key. Raises InvalidWorkflow with near names."""
    _refuse_broken(document)
    for member in document.members.get("inputs") or ():
        if isinstance(member, Mapping) and member.get("name") == key:
            return [(node_id, name) for node_id, name in member.get("to", ())]
    for split in reversed([index for index, character in enumerate(key) if character == "."]):
        found = find_nodes(document, key[:split])
        if len(found) == 1:
            return [(found[0], key[split + 1 :])]
        if found:
            message = f"{key[:split]!r} is the name of several nodes; use one of their ids: {', '.join(found)}"
            raise InvalidWorkflow([Problem("ambiguous_node", message)])
    raise InvalidWorkflow([Problem("unknown_place", _nothing_there(document, key))])


def find_nodes(document: Document, name: str) -> tuple[NodeId, ...]:
    """The nodes a person can mean: the one of this id, else those of this title, else those of this class."""
    named = dict(_named(document))
    if name in named:
        return (name,)
    titled = tuple(node_id for node_id, (title, _) in named.items() if title == name)
    return titled or tuple(node_id for node_id, (_, kind) in named.items() if kind == name)


def _named(document: Document) -> Iterator[tuple[NodeId, tuple[str, str]]]:
    """Every node with its title and class: the flat ones, and the subgraphs they came from."""
    for node_id, node in document.workflow.nodes.items():
        yield node_id, (node.title, node.type)
    for node_id, entry in document.members["nodes"].items():
        match entry:
            case {"class_type": str() as kind} if kind.startswith(PREFIX):
                match entry.get("_meta"):
                    case {"title": str() as title}:
                        yield node_id, (title, kind)
                    case _:
                        yield node_id, ("", kind)


def _entry(members: dict[str, Any], node_id: NodeId, name: str) -> tuple[dict[str, Any], str]:
    """The JSON of a node, and the input to write. A definition that others share is copied before it is changed."""
    chain = _chain(members, node_id)
    entries = [members["nodes"][chain[0]]]
    for inner in chain[1:]:
        entries.append(members["definitions"][_definition(entries[-1])]["nodes"][inner])
    for depth in range(len(chain) - 1, 0, -1):  # a value given from outside would hide one written inside
        outer = entries[depth - 1]
        socket = _socket(members["definitions"][_definition(outer)], chain[depth], name, outer)
        if socket is None:
            return _own(members, chain[: depth + 1]), name
        name = socket
    return entries[0], name


def _chain(members: Mapping[str, Any], node_id: NodeId) -> list[NodeId]:
    """``57:3`` as ``["57", "3"]``; ids of public files may have colons of their own."""
    chain, scope = [], members["nodes"]
    while node_id not in scope:
        instance = next(
            outer
            for outer, entry in scope.items()
            if node_id.startswith(f"{outer}:") and entry["class_type"].startswith(PREFIX)
        )
        chain.append(instance)
        node_id = node_id.removeprefix(f"{instance}:")
        scope = members["definitions"][_definition(scope[instance])]["nodes"]
    return [*chain, node_id]


def _own(members: dict[str, Any], chain: list[NodeId]) -> dict[str, Any]:
    """The inner node at the end of a chain, after giving each instance on the way a definition of its own."""
    scope, path = members["nodes"], ""
    for instance in chain[:-1]:
        path = f"{path}:{instance}" if path else instance
        shared = _definition(scope[instance])
        own = shared if shared.endswith(f"@{path}") else f"{shared}@{path}"
        if own != shared:
            members["definitions"][own] = copy.deepcopy(members["definitions"][shared])
            scope[instance]["class_type"] = PREFIX + own
        scope = members["definitions"][own]["nodes"]
    return scope[chain[-1]]


def _definition(entry: Mapping[str, Any]) -> str:
    return entry["class_type"].removeprefix(PREFIX)


def _socket(definition: Mapping[str, Any], node_id: NodeId, name: str, instance: Mapping[str, Any]) -> str | None:
    """The input of an instance through which it sets this inner input now."""
    for member in definition.get("inputs") or ():
        if [node_id, name] in member["to"] and member["name"] in (instance.get("inputs") or {}):
            return member["name"]
    return None


def _refuse_broken(document: Document) -> None:
    if document.errors:
        raise InvalidWorkflow(list(document.errors))


def _nothing_there(document: Document, key: str) -> str:
    known = [str(member.get("name")) for member in document.members.get("inputs") or () if isinstance(member, Mapping)]
    for node_id, (title, kind) in _named(document):
        node = document.workflow.nodes.get(node_id)
        for name in node.inputs if node else ():
            known += [f"{node_id}.{name}", f"{kind}.{name}"] + ([f"{title}.{name}"] if title else [])
    near = difflib.get_close_matches(key, known[:LOOKED_THROUGH], n=3, cutoff=0.5)
    hint = f"; near it: {', '.join(dict.fromkeys(near))}" if near else ""
    return f"nothing in this workflow is called {key!r}; say NODE.INPUT, as in 3.seed{hint}"
