"""What the engine itself costs per node: CPU milliseconds from a parsed document to a finished run, as JSON.

    python benchmarks/graph.py [NODES]

Cold: nothing stored. Cached: the same workflow again, checked, planned and run anew. Medians of five; no work in
the nodes. ``chain`` is one long line, ``wide`` many short ones side by side, ``fan`` one node that all others read and
one that reads them all, ``list`` one short line over as many items. ``changed`` is a chain whose first node is another
but comes to the same value.
"""

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).parents[1]))

from graph.declare import Artifact, Growing, Range, node
from graph.executor import Executor
from graph.graph import resolve
from graph.registry import Registry
from graph.workflow import Link, Node, Workflow

ROUNDS = 5


class Shown(Artifact):
    """A result."""


@node("Number")
def number(value: Annotated[int, Range(0, 10**9)] = 1, note: str = "") -> int:
    return value


@node("Add")
def add(a: int, b: int = 0) -> int:
    return a + b


@node("Count")
def count(length: int) -> list[int]:
    return list(range(length))


@node("Sum")
def total(values: Annotated[list[int], Growing("value_")]) -> int:
    return sum(values)


@node("Show")
def show(value: int) -> Shown:
    return Shown()


REGISTRY = Registry(number, add, count, total, show)


def chain(size: int, note: str = "") -> Workflow:
    nodes = {"0": Node("Number", {"value": 1, "note": note})}
    nodes |= {str(place): Node("Add", {"a": Link(str(place - 1)), "b": 1}) for place in range(1, size - 1)}
    return Workflow(nodes | {"end": Node("Show", {"value": Link(str(size - 2))})})


def wide(size: int) -> Workflow:
    nodes = {}
    for place in range(size // 4):
        nodes[f"n{place}"] = Node("Number", {"value": place})
        nodes[f"a{place}"] = Node("Add", {"a": Link(f"n{place}"), "b": 1})
        nodes[f"b{place}"] = Node("Add", {"a": Link(f"a{place}"), "b": Link(f"n{place}")})
        nodes[f"s{place}"] = Node("Show", {"value": Link(f"b{place}")})
    return Workflow(nodes)


def fan(size: int) -> Workflow:
    nodes = {"n": Node("Number", {"value": 1})}
    nodes |= {str(place): Node("Add", {"a": Link("n"), "b": place}) for place in range(size - 3)}
    nodes["sum"] = Node("Sum", {f"value_{place}": Link(str(place)) for place in range(size - 3)})
    return Workflow(nodes | {"end": Node("Show", {"value": Link("sum")})})


def listed(size: int) -> Workflow:
    return Workflow(
        {
            "c": Node("Count", {"length": size // 2}),
            "a": Node("Add", {"a": Link("c"), "b": 1}),
            "s": Node("Show", {"value": Link("a")}),
        }
    )


def cpu(action: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    action()
    return time.process_time() - started


def measure(workflow: Workflow, size: int, again: Workflow | None = None) -> dict[str, float]:
    """CPU milliseconds per node, cold and then again."""
    cold, warm = [], []
    for _ in range(ROUNDS):
        executor = Executor()

        def run(chosen: Workflow, executor: Executor = executor) -> None:
            executor.run(resolve(chosen, REGISTRY, {}))

        cold.append(cpu(lambda run=run: run(workflow)))
        warm.append(cpu(lambda run=run: run(again or workflow)))
    return {
        "cold_ms": round(statistics.median(cold) / size * 1000, 4),
        "cached_ms": round(statistics.median(warm) / size * 1000, 4),
    }


def main(size: int) -> None:
    figures = {
        "nodes": size,
        "chain": measure(chain(size), size),
        "wide": measure(wide(size), size),
        "fan": measure(fan(size), size),
        "list": measure(listed(size), size),
        "changed": measure(chain(size), size, again=chain(size, note="other")),
        "long_chain": {"nodes": 2 * size} | measure(chain(2 * size), 2 * size),
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
