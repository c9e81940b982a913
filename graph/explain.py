"""For each node, why it will run or will not, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graph.cache import Cache
from graph.check import Bound
from graph.declare import volatile
from graph.graph import Graph
from graph.journal import Parts, Record
from graph.literals import shown
from graph.plan import Keys, Plan
from graph.workflow import NodeId


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a node will run as far as can be told now, and why."""

    runs: bool
    reason: str
    last: Record | None = None


def take_parts(graph: Graph, plan: Plan, keys: Keys) -> dict[NodeId, Parts]:
    """What the key of every needed node is made of."""
    return {node_id: _parts(graph.nodes[node_id], keys, plan.fingerprints.get(node_id)) for node_id in graph.order}


def explain_plan(
    graph: Graph, plan: Plan, cache: Cache, parts: Mapping[NodeId, Parts], records: Mapping[NodeId, Record]
) -> dict[NodeId, Explanation]:
    """Hold each node against its last record. In the order in which nodes would run."""
    steps = frozenset(plan.steps)
    changed: dict[NodeId, bool] = {}
    explanations: dict[NodeId, Explanation] = {}
    for node_id in graph.order:
        bound, record = graph.nodes[node_id], records.get(node_id)
        reasons = list(_changes(record.parts, parts[node_id])) if record else []
        fed = [
            f"`{name}` from {link.node}"
            for name, link in bound.links.items()
            if changed[link.node] and (record is None or name in record.parts.links)
        ]
        changed[node_id] = record is None or bool(reasons or fed) or bound.type.fingerprint is volatile
        if node_id not in steps:
            reason = "nothing changed" if node_id in plan.cached else "what is made from it is stored"
        elif bound.type.fingerprint is volatile:
            reason = "it always runs"
        elif record is None:
            reason = "first run"
        elif reasons:
            reason = "; ".join(reasons)
        elif fed:
            reason = f"an input changed: {', '.join(fed)}"
        elif record.outcome == "failed":
            reason = f"it failed last time: {record.reason}"
        else:
            reason = _unchanged(plan.recipes[node_id], cache)
        explanations[node_id] = Explanation(node_id in steps, reason, record)
    return explanations


def _parts(bound: Bound, keys: Keys, fingerprint: str | None) -> Parts:
    values = {name: (keys.digester.digest(value) or "", shown(value)) for name, value in bound.constants.items()}
    return Parts(
        type=bound.type.spec.name,
        version=bound.type.spec.version,
        values=values,
        links={name: (link.node, link.output) for name, link in bound.links.items()},
        choices={name: identity for _, name, identity in keys.written_choices(bound)},
        fingerprint=fingerprint,
    )


def _changes(before: Parts, now: Parts) -> Iterator[str]:
    """What differs between two versions of a node, one clause each."""
    if before.type != now.type:
        yield f"it was {before.type}, now it is {now.type}"
        return
    if before.version != now.version:
        yield f"{now.type} has a new version"
    for name in dict.fromkeys((*now.values, *now.links, *before.values, *before.links)):
        yield from _input_changes(name, before, now)
    for name, identity in now.choices.items():
        if before.choices.get(name, identity) != identity:
            yield f"`{name}` was replaced"
    if before.fingerprint != now.fingerprint and None not in (before.fingerprint, now.fingerprint):
        yield "something that it reads from outside changed"


def _input_changes(name: str, before: Parts, now: Parts) -> Iterator[str]:
    written, linked = now.values.get(name), now.links.get(name)
    was_written, was_linked = before.values.get(name), before.links.get(name)
    if linked and was_linked:
        if linked != was_linked:
            yield f"`{name}` is linked to {_place(linked)}, no longer to {_place(was_linked)}"
    elif linked:
        yield f"`{name}` is now linked to {_place(linked)}"
    elif was_linked:
        yield f"`{name}` is no longer linked to {_place(was_linked)}"
    elif written and was_written:
        if written[0] != was_written[0]:
            yield f"`{name}` changed from {was_written[1]} to {written[1]}"
    elif written:
        yield f"`{name}` was added"
    elif was_written:
        yield f"`{name}` was taken away"


def _unchanged(recipe_key: str | None, cache: Cache) -> str:
    """Why a node runs although nothing about it changed."""
    if recipe_key is None:
        return "only the run can tell whether what it reads has changed"
    recipe = cache.store.recall(recipe_key)
    if recipe is not None and all(key in cache.store for key in recipe.keys):
        return "what it made is gone"
    return "its output was not kept: it is quick to make again, room was needed, or the program changed"


def _place(link: tuple[NodeId, int]) -> str:
    return link[0] if link[1] == 0 else f"{link[0]} (output {link[1]})"
