"""Run graphs: what is stored is used, what is missing is made, what fails stops only what depends on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.archive import Archive
from graph.cache import Cache
from graph.choices import Lookup
from graph.codec import Codecs, NoCodecs
from graph.digest import Digester
from graph.errors import NodeFailed
from graph.events import Event
from graph.graph import Graph
from graph.plan import Keys
from graph.run import Run
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
        *,
        recover: Callable[[Exception], bool] | None = None,
    ):
        """``recover`` is told what a node raised; where it says True, idle outputs are dropped and the node is
        tried once more: for devices that are out of memory."""
        self.store = store or OutputStore()
        self._codecs: Codecs = codecs or NoCodecs()
        self._archive, self._recover = archive, recover
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
        lookup = Lookup(graph.choices)
        cache = Cache(self.store, self._archive, lookup)
        keys = Keys(lookup, self._digester, resources or {})
        run = Run(graph, cache, keys, self._codecs, emit, cancel or threading.Event(), self._recover)
        run.execute()
        return RunResult(
            outputs={
                target: tuple(list(stream.values) for stream in run.stations[target].streams)
                for target in graph.targets
            },
            artifacts={
                station.id: tuple(
                    artifact for item in sorted(station.artifacts) for artifact in station.artifacts[item]
                )
                for station in run.stations
                if station.artifacts
            },
            failures=run.failures,
            blocked=run.blocked,
            ran=tuple(run.ran),
        )
