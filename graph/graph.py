"""A workflow that has been checked. If you hold a Graph, it can run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph.check import Bound, Checked, Checker
from graph.choices import Choices
from graph.errors import InvalidWorkflow, Problem
from graph.registry import Registry
from graph.workflow import NodeId, Workflow


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes with settled inputs, in an order in which they can run, and the world they were checked against."""

    workflow: Workflow
    nodes: Mapping[NodeId, Bound]
    order: tuple[NodeId, ...]
    """The targets and all that they need, sources first."""
    targets: tuple[NodeId, ...]
    registry: Registry
    choices: Mapping[str, Choices]
    warnings: tuple[Problem, ...] = ()


def check(
    workflow: Workflow,
    registry: Registry,
    choices: Mapping[str, Choices],
    *,
    strict: bool = False,
    targets: Iterable[NodeId] | None = None,
) -> list[Problem]:
    """Every problem of a workflow at once, errors first. Warnings do not keep it from running.

    What public files get wrong without harm, and faults on which no target depends, are warnings unless ``strict``.
    """
    checked = _check(workflow, registry, choices, strict, targets)
    return sorted(checked.problems, key=lambda problem: problem.severity != "error")


def resolve(
    workflow: Workflow,
    registry: Registry,
    choices: Mapping[str, Choices],
    *,
    strict: bool = False,
    targets: Iterable[NodeId] | None = None,
) -> Graph:
    """Check a workflow and hold on to what was found out. Raises InvalidWorkflow with every problem."""
    checked = _check(workflow, registry, choices, strict, targets)
    if any(problem.severity == "error" for problem in checked.problems):
        raise InvalidWorkflow(checked.problems)
    return Graph(workflow, checked.bound, checked.order, checked.targets, registry, choices, checked.problems)


def resolve_runnable(
    workflow: Workflow,
    registry: Registry,
    choices: Mapping[str, Choices],
    *,
    targets: Iterable[NodeId] | None = None,
) -> tuple[Graph, tuple[NodeId, ...]]:
    """The graph of those targets that can run, and the targets that cannot. Their problems become warnings.

    Raises InvalidWorkflow where nothing can run.
    """
    checked = _check(workflow, registry, choices, False, targets)
    faulty = {problem.node for problem in checked.problems if problem.severity == "error"}
    if not faulty:
        return Graph(workflow, checked.bound, checked.order, checked.targets, registry, choices, checked.problems), ()
    feeds: dict[NodeId, list[NodeId]] = {}
    for node_id, bound in checked.bound.items():
        for link in bound.links.values():
            feeds.setdefault(link.node, []).append(node_id)
    waiting = [node_id for node_id in faulty if node_id is not None]
    while waiting:
        fed = [node_id for node_id in feeds.get(waiting.pop(), ()) if node_id not in faulty]
        faulty.update(fed)
        waiting += fed
    sound = [target for target in checked.targets if target not in faulty]
    if not sound or None in faulty:
        raise InvalidWorkflow(checked.problems)
    graph = resolve(workflow, registry, choices, targets=sound)
    return graph, tuple(target for target in checked.targets if target in faulty)


def _check(
    workflow: Workflow,
    registry: Registry,
    choices: Mapping[str, Choices],
    strict: bool,
    targets: Iterable[NodeId] | None,
) -> Checked:
    checker = Checker(registry, choices, strict=strict)
    return checker.check(workflow.nodes, requires=workflow.requires, targets=targets)
