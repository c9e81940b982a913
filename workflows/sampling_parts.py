"""What one run of sampling is written on: a sampler node, or the nodes that it is put together from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graph.workflow import Link, Node, NodeId
from workflows.document import Document
from workflows.trace import literal, upstream

PARTS = ("guider", "sampler", "sigmas", "noise")
SCHEDULERS = {
    "KarrasScheduler": "karras",
    "ExponentialScheduler": "exponential",
    "PolyexponentialScheduler": "Polyexponential",
    "BetaSamplingScheduler": "beta",
    "AlignYourStepsScheduler": "Align Your Steps",
    "SDTurboScheduler": "Turbo",
}
"""Nodes that are a schedule by themselves, and what it is called."""
FARTHEST = 100  # nodes that change noise levels, one behind the other


def samples(node: Node) -> bool:
    """Whether a node goes from noise to a picture."""
    linked = {name for name, value in node.inputs.items() if isinstance(value, Link)}
    return {"guider", "sigmas"} <= linked or (
        "positive" in linked and not node.inputs.keys().isdisjoint({"steps", "cfg"})
    )


@dataclass(frozen=True)
class Run:
    """One run: the sampler, and what it is put together from, nearest first."""

    document: Document
    places: tuple[NodeId, ...]

    def value(self, *names: str) -> Any:
        """What is written for the first of these inputs that anything is written for; None where nothing is."""
        found = (literal(self.document, place, name) for place in self.places for name in names)
        return next((value for value in found if value is not None), None)

    def linked(self, *names: str) -> tuple[NodeId, str] | None:
        """Where the first of these inputs is that is linked."""
        places = ((place, name) for place in self.places for name in names)
        return next((at for at in places if isinstance(self._node(at[0]).inputs.get(at[1]), Link)), None)

    def schedule(self) -> str | None:
        """The name of the schedule, where one is named."""
        kinds = (SCHEDULERS.get(self._node(place).type) for place in self.places)
        named = self.value("scheduler") or next((name for name in kinds if name), None)
        return named if isinstance(named, str) else None

    def scale(self) -> Any:
        """How strongly the prompt guides: 1 for a guider that has no scale."""
        written = self.value("cfg", "cfg_conds")
        return 1 if written is None and self.linked("guider") else written

    def strength(self) -> Any:
        """The share of the noise that a run begins with, written where its steps are."""
        at = next((place for place in self.places if literal(self.document, place, "steps") is not None), None)
        return None if at is None else literal(self.document, at, "denoise")

    def seed(self) -> Any:
        """The seed of its noise; of a run that adds none, that of the run before."""
        written = self.value("seed", "noise_seed")
        if written is not None or not self.places:
            return written
        before = (
            literal(self.document, found, "noise_seed") for found in upstream(self.document.workflow, self.places[0])
        )
        return next((seed for seed in before if seed is not None), None)

    def _node(self, node_id: NodeId) -> Node:
        return self.document.workflow.nodes[node_id]


def run_of(document: Document, sampler: NodeId) -> Run:
    """The run that a sampler node makes."""
    return Run(document, (sampler, *dict.fromkeys(_parts(document, sampler))))


def _parts(document: Document, sampler: NodeId) -> Iterator[NodeId]:
    nodes = document.workflow.nodes
    for name in PARTS:
        link = nodes[sampler].inputs.get(name)
        for _ in range(FARTHEST):  # noise levels may be cut and turned before they come
            if not isinstance(link, Link) or link.node not in nodes:
                break
            yield link.node
            link = nodes[link.node].inputs.get("sigmas")
