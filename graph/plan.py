"""What will have to run, as far as that can be known before running.

A recipe key says how a node's outputs come about: its type, its literals, the identities of what its choices
name, and the recipe keys of what it is linked to. It only plans. Whether a node really runs is decided by its
content key, taken from the inputs that it is about to consume.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.cache import Cache
from graph.check import Bound
from graph.choices import Lookup
from graph.declare import volatile
from graph.digest import Digester, hash_text
from graph.graph import Graph
from graph.spec import Choice
from graph.store import Recipe, Witness
from graph.workflow import NodeId


@dataclass(frozen=True, slots=True)
class Plan:
    """Nodes to run in order, at most; nodes whose stored outputs stand at the edge of that."""

    steps: tuple[NodeId, ...]
    cached: Mapping[NodeId, Recipe]
    heads: Mapping[NodeId, Sequence[str]]
    recipes: Mapping[NodeId, str | None]
    """None where only the run will tell: a node that always runs, or one whose key needs a value not yet made."""
    fingerprints: Mapping[NodeId, str]


def make_plan(graph: Graph, cache: Cache, keys: Keys) -> Plan:
    """Walk back from the targets and stop wherever stored outputs are found."""
    heads, recipes, fingerprints = keys.take(graph, cache)
    cached: dict[NodeId, Recipe] = {}
    needed: set[NodeId] = set()
    waiting = list(graph.targets)
    while waiting:
        node_id = waiting.pop()
        if node_id in needed or node_id in cached:
            continue
        recipe = cache.recall(recipes[node_id])
        if recipe is not None:
            cached[node_id] = recipe
            continue
        needed.add(node_id)
        waiting += [link.node for link in graph.nodes[node_id].links.values()]
    steps = tuple(node_id for node_id in graph.order if node_id in needed) if needed else ()
    return Plan(steps, cached, heads, recipes, fingerprints)


class Keys:
    """Takes the keys of one run. Within it choices, files and resources stand still."""

    def __init__(self, lookup: Lookup, digester: Digester, resources: Mapping[type, Any]):
        self.lookup, self.digester, self.resources = lookup, digester, resources

    def take(
        self, graph: Graph, cache: Cache
    ) -> tuple[dict[NodeId, list[str]], dict[NodeId, str | None], dict[NodeId, str]]:
        """The head and the recipe key of every needed node, and the fingerprints that could be taken."""
        heads: dict[NodeId, list[str]] = {}
        recipes: dict[NodeId, str | None] = {}
        fingerprints: dict[NodeId, str] = {}
        nodes = graph.nodes
        for node_id in graph.order:
            bound = nodes[node_id]
            head = heads[node_id] = self.head(bound, node=node_id)
            parts = head.copy()
            for name, link in bound.links.items():
                source = recipes[link.node]
                if source is None:
                    recipes[node_id] = None
                    break
                parts.append(f"\n{name}<{source}:{link.output}")
            else:
                if bound.type.fingerprint is not None or self._linked_labels(bound):
                    ahead = None
                    if bound.type.fingerprint is not volatile:
                        ahead = self._ahead(bound, AtHand(graph, bound, recipes, cache))
                    if ahead is None:
                        recipes[node_id] = None
                        continue
                    parts += ahead[0]
                    fingerprints[node_id] = ahead[1]
                recipes[node_id] = hash_text("".join(parts))
        return heads, recipes, fingerprints

    def _ahead(self, bound: Bound, inputs: AtHand) -> tuple[list[str], str] | None:
        """What `beyond` will say and the fingerprint in it, if that can be known before the run."""
        try:
            named = {label: inputs[label] for label in self._linked_labels(bound)}
            parts = [f"\n@{witness}" for witness in self.linked_choices(bound, named)]
            fingerprint = self._fingerprint(bound, inputs)
        except Exception:  # it is not at hand, or it is wrong; then the node will say so when it runs
            return None
        return ([*parts, f"\n!{fingerprint}"] if bound.type.fingerprint is not None else parts), fingerprint

    def head(self, bound: Bound, origin: str = "", node: NodeId = "") -> list[str]:
        """What is known of a node's key without looking at its links: type, literals, what choices stand for.

        ``origin`` says where a value without a digest comes from, ``node`` where the node stands.
        """
        spec = bound.type.spec
        digest = self.digester.digest
        parts = [f"\n:{spec.name} {spec.version}"]
        if bound.type.is_placed:
            parts.append(f"\n#{node or origin}")
        for name, value in bound.constants.items():
            parts.append(f"\n{name}={digest(value) or f'{origin}.{name}'}")
        if bound.type.choices:
            parts += [f"\n@{witness}" for witness in self.written_choices(bound)]
        return parts

    def content_key(self, bound: Bound, head: Iterable[str], values: dict[str, Any], digests: Mapping[str, str]) -> str:
        """The key of a node that is about to run on these values; it does not matter whether they were written or
        came through links. Raises LookupError where a linked name stands for nothing."""
        parts = [*head, *(f"\n{name}={digest}" for name, digest in digests.items()), *self.beyond(bound, values)]
        return hash_text("".join(sorted(parts)))

    def written_choices(self, bound: Bound) -> list[Witness]:
        """What the choices written into a node stand for."""
        return [
            (declared.widget.source, name, self.lookup.identity(declared.widget.source, name))
            for declared in bound.type.choices
            if isinstance(declared.widget, Choice)
            for label in bound.names(declared)
            for name in _listed(bound.constants.get(label))
        ]

    def witnesses(self, bound: Bound) -> frozenset[Witness] | None:
        """What a node depends on beside what it is linked to; None where that cannot be written down."""
        if self._linked_labels(bound) or bound.type.fingerprint is not None:
            return None
        return frozenset(self.written_choices(bound))

    def linked_choices(self, bound: Bound, values: dict[str, Any]) -> list[Witness]:
        """What the choices that reached a node through links stand for; ``values`` get their canonical names.

        Raises LookupError with a sentence when there is no such thing.
        """
        found: list[Witness] = []
        for declared in bound.type.choices:
            assert isinstance(declared.widget, Choice)
            source = declared.widget.source
            for label in bound.names(declared):
                if label not in bound.links or values.get(label) is None:
                    continue
                names = [self._canonical(label, source, name) for name in _listed(values[label])]
                values[label] = names if isinstance(values[label], list) else names[0]
                found += [(source, name, self.lookup.identity(source, name)) for name in names]
        return found

    def beyond(self, bound: Bound, values: dict[str, Any]) -> list[str]:
        """What of a node's key follows from the values it consumes: linked choices and the fingerprint."""
        parts = [f"\n@{witness}" for witness in self.linked_choices(bound, values)] if bound.type.choices else []
        if bound.type.fingerprint is not None:
            parts.append(f"\n!{self._fingerprint(bound, values)}")
        return parts

    def _fingerprint(self, bound: Bound, inputs: Mapping[str, Any]) -> str:
        """What a node's fingerprint says of these inputs."""
        if not bound.type.reads_links:
            inputs = dict.fromkeys(bound.links) | bound.constants
        return bound.type.take_fingerprint(inputs, self.resources)

    def _canonical(self, label: str, source: str, name: Any) -> str:
        found = self.lookup.find(source, str(name))
        if found.name is None:
            raise LookupError(f"{label!r}: {found.message}")
        return found.name

    def _linked_labels(self, bound: Bound) -> list[str]:
        """Choices of a node that are linked."""
        return [label for declared in bound.type.choices for label in bound.names(declared) if label in bound.links]


class AtHand(Mapping[str, Any]):
    """A node's inputs before the run: what is written, and what is stored of what is linked, looked up when asked
    for. Whoever asks for anything else hears NotAtHand."""

    def __init__(self, graph: Graph, bound: Bound, recipes: Mapping[NodeId, str | None], cache: Cache):
        self._graph, self._bound, self._recipes, self._cache = graph, bound, recipes, cache

    def __getitem__(self, name: str) -> Any:
        if name not in self._bound.links:
            return self._bound.constants[name]
        link = self._bound.links[name]
        recipe = self._cache.recall(self._recipes[link.node])
        stored = self._cache.peek(recipe.keys[0]) if recipe is not None and len(recipe.keys) == 1 else None
        if stored is None:
            raise NotAtHand(name)
        value = stored.outputs[link.output]
        listed = value if self._graph.nodes[link.node].type.spec.outputs[link.output].many else [value]
        if self._bound.declared(name).many:
            return listed
        if len(listed) != 1:
            raise NotAtHand(name)
        return listed[0]

    def __iter__(self) -> Iterator[str]:
        yield from self._bound.constants
        yield from self._bound.links

    def __len__(self) -> int:
        return len(self._bound.constants) + len(self._bound.links)


class NotAtHand(Exception):
    """An input whose value only the run will tell. No KeyError, so that no `get` takes it for a missing one."""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
