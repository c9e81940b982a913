"""A handful of small nodes, and a way to run them that remembers every event."""

import threading
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import pytest

from graph.declare import Artifact, Lazy, Range, Resource, node
from graph.events import Event, NodeSkipped, NodeStarted
from graph.executor import Executor, RunResult
from graph.graph import resolve
from graph.registry import Registry
from graph.reporting import Progress
from graph.workflow import Node, Workflow


class Shown(Artifact, str):
    """A line of text that somebody looks at."""


class Halves(NamedTuple):
    low: int
    high: int


@node("Number", category="math")
def number(value: Annotated[int, Range(0, 100)] = 1, note: str = "") -> int:
    """A number. The note changes nothing."""
    return value


@node("Split", category="math")
def split(value: int) -> Halves:
    """Split a number in two."""
    return Halves(value // 2, value - value // 2)


@node("Add", category="math")
def add(a: float, b: float = 0.0) -> float:
    """Add."""
    return a + b


@node("Switch", needs=lambda inputs: ["yes" if inputs["on"] else "no"])
def switch(on: bool, yes: Lazy[float] = 0.0, no: Lazy[float] = 0.0) -> float:
    """Only one side runs."""
    return yes if on else no


@node("Explode")
def explode(value: float = 0.0) -> float:
    """Fails."""
    raise ValueError("boom")


@node("Steps")
def steps(progress: Resource[Progress], count: int = 3) -> float:
    """Report progress."""
    for step in range(count):
        progress(step + 1, count)
    return float(count)


@node("Range")
def numbers(length: int, start: int = 0) -> list[int]:
    """A list."""
    return list(range(start, start + length))


@node("Sum")
def total(values: list[float]) -> float:
    """Gather a list."""
    return sum(values)


@node("Show")
def show(value: float) -> Shown:
    """Show it."""
    return Shown(f"<{value:g}>")


NODES = (number, split, add, switch, explode, steps, numbers, total, show)


class Bench:
    """Runs workflows over one store and remembers the events of the last run."""

    def __init__(self, *functions: Any, **kwargs: Any):
        self.registry = Registry(*NODES, *functions)
        self.executor = Executor(**kwargs)
        self.choices: dict[str, Any] = {}
        self.resources: dict[type, Any] = {}
        self.events: list[Event] = []
        self.cancel = threading.Event()
        self.watch = self.events.append

    def run(self, nodes: Mapping[str, Node], targets: list[str] | None = None) -> RunResult:
        self.events.clear()
        graph = resolve(Workflow(nodes), self.registry, self.choices, targets=targets)
        return self.executor.run(graph, resources=self.resources, emit=self.watch, cancel=self.cancel)

    def shown(self, nodes: Mapping[str, Node], node: str = "out") -> list[str]:
        return [str(artifact) for artifact in self.run(nodes).artifacts.get(node, ())]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def started(self) -> list[str]:
        return [event.node for event in self.of(NodeStarted)]

    @property
    def skipped(self) -> list[str]:
        return [event.node for event in self.of(NodeSkipped)]


@pytest.fixture
def bench() -> Bench:
    return Bench()
