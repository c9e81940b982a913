"""Run graphs: what is stored is used, what is missing is made, what fails stops only what depends on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.archive import Archive
from graph.cache import Cache
from graph.choices import Lookup
from graph.codec import Codecs, NoCodecs
from graph.digest import Digester, hash_text
from graph.errors import NodeFailed
from graph.events import Event
from graph.explain import Explanation, explain_plan, take_parts
from graph.graph import Graph
from graph.journal import Journal, Outcome, Parts
from graph.plan import Keys, Plan, make_plan
from graph.run import UNCHANGED, Run
from graph.store import OutputStore
from graph.values import Artifact
from graph.workflow import NodeId


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to."""

    outputs: Mapping[NodeId, tuple[list[Any], ...]]
    """For each target the items of each output. A `Blocked` stands where there is none."""
    artifacts: Mapping[NodeId, tuple[Artifact, ...]]
    """What each node made for the user to see, stored results of targets included."""
    failures: Mapping[NodeId, NodeFailed] = field(default_factory=dict)
    blocked: Mapping[NodeId, str] = field(default_factory=dict)
    """Why nodes could not run that others kept from running."""
    ran: tuple[NodeId, ...] = ()
    """Nodes whose function was called, in order."""

    def value(self, node: NodeId, output: int = 0) -> Any:
        """The one value of a target's output. Raises ValueError where there is none or a list."""
        (value,) = self.outputs[node][output]
        return value


class Executor:
    """Runs graphs one after another over the same store. One run at a time."""

    def __init__(
        self,
        store: OutputStore | None = None,
        codecs: Codecs | None = None,
        archive: Archive | None = None,
        journal: Journal | None = None,
    ):
        self.store = OutputStore() if store is None else store
        self._codecs: Codecs = NoCodecs() if codecs is None else codecs
        self._archive, self._journal = archive, journal
        self._digester = Digester(self._codecs)

    def run(
        self,
        graph: Graph,
        *,
        resources: Mapping[type, Any] | None = None,
        emit: Callable[[Event], None] = lambda event: None,
        cancel: threading.Event | None = None,
    ) -> RunResult:
        """Bring the graph's targets up to date. Raises Cancelled when stopped; failures of nodes are in the result.

        ``emit`` may be called from another thread than the caller's, but never twice at once.
        """
        cache, keys = self._world(graph, resources or {})
        run = Run(graph, cache, keys, self._codecs, emit, cancel or threading.Event())
        try:
            notes = self._notes(graph, run.plan, cache, keys)
            try:
                run.execute()
                return _result(run, graph.targets)
            finally:
                if notes is not None and self._journal is not None:
                    self._journal.write(_outcomes(run, *notes), _state(graph, run.plan))
        finally:
            run.stations.close()

    def _notes(
        self, graph: Graph, plan: Plan, cache: Cache, keys: Keys
    ) -> tuple[Mapping[NodeId, Parts], Mapping[NodeId, Explanation]] | None:
        """What the journal will be told beside what came of it; None where nothing happened since it was last told."""
        if self._journal is None or (not plan.steps and self._journal.state() == _state(graph, plan)):
            return None
        parts = take_parts(graph, plan, keys)
        return parts, explain_plan(graph, plan, cache, parts, self._journal.records())

    def explain(self, graph: Graph, *, resources: Mapping[type, Any] | None = None) -> dict[NodeId, Explanation]:
        """For each node that the targets need, whether it would run now and why, held against its last run."""
        cache, keys = self._world(graph, resources or {})
        plan = make_plan(graph, cache, keys)
        records = self._journal.records() if self._journal is not None else {}
        return explain_plan(graph, plan, cache, take_parts(graph, plan, keys), records)

    def _world(self, graph: Graph, resources: Mapping[type, Any]) -> tuple[Cache, Keys]:
        """What stands still for the length of one run."""
        lookup = Lookup(graph.choices)
        return Cache(self.store, self._archive, lookup), Keys(lookup, self._digester, resources)


def _state(graph: Graph, plan: Plan) -> str:
    """A digest of all that the targets are made of; "" where only a run can tell."""
    recipes = [plan.recipes[target] for target in graph.targets]
    return "" if None in recipes else hash_text(repr(recipes))


def _result(run: Run, targets: Iterable[NodeId]) -> RunResult:
    return RunResult(
        outputs={target: tuple(list(stream.values) for stream in run.stations[target].streams) for target in targets},
        artifacts={station.id: station.shown() for station in run.stations if station.artifacts},
        failures=run.failures,
        blocked=run.blocked,
        ran=tuple(run.ran),
    )


def _outcomes(
    run: Run, parts: Mapping[NodeId, Parts], reasons: Mapping[NodeId, Explanation]
) -> Iterator[tuple[NodeId, Parts, Outcome, str]]:
    """What the journal should know of a run: nothing of nodes that it did not reach."""
    steps = frozenset(run.plan.steps)
    for node_id, explanation in reasons.items():
        station = run.stations[node_id] if node_id in steps else None
        if station is None:
            yield node_id, parts[node_id], "skipped", explanation.reason
        elif node_id in run.failures:
            yield node_id, parts[node_id], "failed", run.failures[node_id].message
        elif station.closed and station.clean:
            ran = node_id in run.ran
            yield node_id, parts[node_id], "ran" if ran else "skipped", explanation.reason if ran else UNCHANGED
