"""One way from a document to a checked one."""

from typing import Annotated

import pytest

from graph.declare import Range, node
from graph.errors import InvalidWorkflow
from graph.graph import resolve_runnable
from graph.registry import Registry
from graph.workflow import Link, Node, Workflow
from workflows.checking import World, check_document, find_values, understood
from workflows.comfyui.reading import read_editor_format
from workflows.document import read_document


@node("Make")
def make(number: Annotated[int, Range(0, 9)] = 0) -> int:
    """Make a number."""
    return number


@node("Pass")
def pass_on(number: int) -> int:
    """Pass it on."""
    return number


@node("Show")
def show(number: int) -> None:
    """Show it."""


WORLD = World(Registry(make, pass_on, show), read_editor_format=read_editor_format)


def chain(number, mode="run"):
    """A source, a node between, and a target."""
    return {
        "a": Node("Make", {"number": number}),
        "b": Node("Pass", {"number": Link("a")}, mode=mode),
        "c": Node("Show", {"number": Link("b")}),
    }


def renamed(nodes, prefix):
    def moved(value):
        return Link(prefix + value.node) if isinstance(value, Link) else value

    return {
        prefix + node_id: Node(
            node.type,
            {
                name: Link(prefix + value.node) if isinstance(value, Link) else value
                for name, value in node.inputs.items()
            },
            mode=node.mode,
        )
        for node_id, node in nodes.items()
    }


def test_targets_that_a_fault_reaches_are_dropped_and_the_others_run():
    workflow = Workflow(renamed(chain(1), "x") | renamed(chain(10), "y") | renamed(chain(10, "bypass"), "z"))
    graph, dropped = resolve_runnable(workflow, WORLD.registry, {})
    assert graph.targets == ("xc",) and set(dropped) == {"yc", "zc"}
    assert {problem.node for problem in graph.warnings} == {"ya", "za"}
    assert all(problem.severity == "warning" for problem in graph.warnings)


def test_nothing_is_dropped_from_what_has_no_fault():
    graph, dropped = resolve_runnable(Workflow(chain(1)), WORLD.registry, {})
    assert graph.targets == ("c",) and dropped == ()


@pytest.mark.parametrize(
    "nodes",
    [
        chain(10),
        {"a": Node("Make")},
        chain(1) | {"a": Node("Pass", {"number": Link("b")})},
        chain(1) | {"a": Node("Unknown")},
    ],
    ids=["its only target is faulty", "no target", "a cycle", "an unknown node"],
)
def test_what_cannot_run_at_all_is_refused_with_everything(nodes):
    with pytest.raises(InvalidWorkflow):
        resolve_runnable(Workflow(nodes), WORLD.registry, {})


def test_a_cycle_drops_only_the_targets_that_wait_for_it():
    looped = renamed(chain(1) | {"a": Node("Pass", {"number": Link("b")})}, "x")
    graph, dropped = resolve_runnable(Workflow(looped | renamed(chain(1), "y")), WORLD.registry, {})
    assert graph.targets == ("yc",) and dropped == ("xc",)


def document(**nodes):
    return read_document({"format": "patchbay/1", "nodes": nodes, "inputs": [{"name": "n", "to": [["a", "number"]]}]})


GOOD = {
    "a": {"class_type": "Make", "inputs": {"number": 1}},
    "c": {"class_type": "Show", "inputs": {"number": ["a", 0]}},
}


def test_values_reach_what_is_checked_and_what_is_written():
    placed, unknown = find_values(document(**GOOD), {"n": 5})
    checked = check_document(document(**GOOD), WORLD, placed=placed, remarks=unknown)
    assert checked.graph is not None and checked.graph.nodes["a"].constants == {"number": 5}
    assert checked.document.members["nodes"]["a"]["inputs"]["number"] == 5


def test_a_value_for_nothing_is_a_problem_and_one_that_no_input_takes_an_error():
    _, unknown = find_values(document(**GOOD), {"m": 5})
    assert unknown[0].code == "unknown_place"
    checked = check_document(document(**GOOD), WORLD, placed={("a", "colour"): "red"})
    assert checked.graph is None and checked.problems[0].message.endswith("no input called 'colour'")


def test_problems_come_errors_first_and_a_strict_check_knows_no_warnings():
    nodes = GOOD | {"d": {"class_type": "Make", "inputs": {"colour": 1}}}
    relaxed, strict = (check_document(document(**nodes), WORLD, strict=strict) for strict in (False, True))
    assert relaxed.graph is not None and [problem.severity for problem in relaxed.problems] == ["warning"]
    assert strict.graph is None and [problem.severity for problem in strict.problems] == ["error"]


def test_a_file_of_another_editor_is_read_where_somebody_can():
    source = read_document({"nodes": [{"id": 1, "type": "Show", "inputs": []}], "links": []})
    assert understood(source, WORLD).workflow.nodes.keys() == {"1"}
    assert understood(source, World(WORLD.registry)).problems[0].code == "editor_format"
