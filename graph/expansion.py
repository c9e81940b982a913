"""Fragments of workflow that nodes return, made ready to take their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from graph.check import Bound, Checker
from graph.declare import NodeType
from graph.spec import Input
from graph.station import Exit, Failure, Feed
from graph.store import Witness
from graph.values import Artifact, Blocked, Expansion
from graph.workflow import Link, NodeId, read_node


@dataclass(frozen=True, slots=True)
class Fragment:
    """Checked nodes under ids of the run, in an order in which they can run, and what leaves them."""

    nodes: dict[NodeId, Bound]
    outputs: tuple[Any, ...]
    pure: bool
    """Whether it depends on nothing but itself: no link leads to a node outside."""
    artifacts: tuple[Artifact, ...] = ()
    """What the node that was expanded shows itself."""


def read_fragment(
    expansion: Expansion,
    node_type: NodeType,
    name: Callable[[], NodeId],
    checker: Checker,
    outside: Callable[[NodeId], NodeType | None],
) -> Fragment:
    """Check an expansion like a document and give its nodes ids by ``name``. Raises ValueError with every problem."""
    nodes = {node_id: read_node(entry) for node_id, entry in expansion.nodes.items()}
    linked = {value.node for node in nodes.values() for value in node.inputs.values() if isinstance(value, Link)} | {
        value.node for value in expansion.outputs if isinstance(value, Link)
    }
    beyond = {node_id: found for node_id in linked - nodes.keys() if (found := outside(node_id)) is not None}
    checked = checker.check(nodes, outside=beyond)
    faults = [f"{fault.node}: {fault.message}" for fault in checked.problems if fault.severity == "error"]
    types = {node_id: bound.type for node_id, bound in checked.bound.items()} | beyond
    faults += _output_faults(expansion, node_type, types)
    if faults:
        raise ValueError(f"the nodes it put in its place cannot run: {'; '.join(faults)}")
    ids = {node_id: name() for node_id in checked.order}

    def moved(link: Link) -> Link:
        return Link(ids.get(link.node, link.node), link.output)

    renamed = {
        ids[node_id]: Bound(bound.type, bound.constants, {label: moved(link) for label, link in bound.links.items()})
        for node_id in checked.order
        for bound in (checked.bound[node_id],)
    }
    outputs = tuple(moved(value) if isinstance(value, Link) else value for value in expansion.outputs)
    return Fragment(renamed, outputs, not beyond, expansion.artifacts)


def _output_faults(expansion: Expansion, node_type: NodeType, types: dict[NodeId, NodeType]) -> Iterator[str]:
    declared = node_type.spec.outputs
    if len(expansion.outputs) != len(declared):
        yield f"it has {len(declared)} outputs, the expansion {len(expansion.outputs)}"
        return
    for output, value in zip(declared, expansion.outputs, strict=True):
        if not isinstance(value, Link):
            continue
        source = types.get(value.node)
        if source is None or not 0 <= value.output < len(source.spec.outputs):
            yield f"output {output.name!r} is linked to output {value.output} of {value.node!r}, which is not there"
        elif not Input(output.name, output.socket).accepts(source.spec.outputs[value.output]):
            yield f"output {output.name!r} is {output.socket}, not {source.spec.outputs[value.output].socket}"


def leave(exit: Exit) -> tuple[list[Any], list[Any]]:
    """The values that leave a fragment and their digests, one per output of the node that was expanded.

    Raises ValueError where a list leaves through an output that is no list.
    """
    values: list[Any] = []
    digests: list[Any] = []
    for declared, output in zip(exit.bound.type.spec.outputs, exit.outputs, strict=True):
        if not isinstance(output, Feed):
            value, digest = output
            values.append(value)
            digests.append(digest)
            continue
        stream = output.stream
        assert stream is not None
        if declared.many:
            values.append(list(stream.values))
            digests.append(tuple(stream.digests))
        elif len(stream.values) == 1:
            values.append(stream.values[0])
            digests.append(stream.digests[0])
        elif not stream.values:
            values.append(Blocked("the nodes it put in its place came to an empty list"))
            digests.append("")
        else:
            raise ValueError(f"{declared.name!r} is no list, but its expansion came to {len(stream.values)} values")
    return values, digests


def has_failed(values: list[Any]) -> bool:
    """Whether a failure is among the values that leave a fragment."""
    return any(
        isinstance(inner, Failure) for value in values for inner in (value if isinstance(value, list) else [value])
    )


def dependencies(exit: Exit) -> tuple[frozenset[Witness] | None, tuple[Artifact, ...]]:
    """What a fragment depends on beyond its unit's key, None if that cannot be told; and what it has to show."""
    witnesses: frozenset[Witness] | None = frozenset() if exit.pure else None
    artifacts: tuple[Artifact, ...] = ()
    for station in exit.fragment:
        if witnesses is None or station.witnesses is None:
            return None, ()
        witnesses |= station.witnesses
        artifacts += station.shown()
    return witnesses, artifacts
