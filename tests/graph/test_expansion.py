from typing import Annotated

import pytest

from graph.declare import Artifact, Blocked, Choice, Expansion, node
from graph.events import NodeExpanded
from graph.workflow import Link, Node
from tests.graph.conftest import Bench


@node("CountDown")
def count_down(n: int, so_far: float = 0.0) -> float | Expansion:
    """A loop: puts itself in its own place until nothing is left."""
    if n == 0:
        return so_far
    return Expansion(
        {
            "step": {"class_type": "Add", "inputs": {"a": float(n), "b": so_far}},
            "rest": {"class_type": "CountDown", "inputs": {"n": n - 1, "so_far": ["step", 0]}},
        },
        (Link("rest"),),
    )


@node("Both")
def both_shown(value: float) -> None:
    """A target that is made of targets."""
    return Expansion({name: Node("Show", {"value": value + place}) for place, name in enumerate("ab")})  # type: ignore


@pytest.fixture
def bench():
    return Bench(count_down, both_shown)


def loop(n):
    return {"c": Node("CountDown", {"n": n}), "out": Node("Show", {"value": Link("c")})}


def test_an_expansion_takes_the_place_of_its_node(bench):
    assert bench.shown(loop(3)) == ["<6>"]


def test_ids_are_flat_and_say_the_root(bench):
    bench.run(loop(2))
    expanded = bench.of(NodeExpanded)
    assert [(event.node, event.root, dict(event.nodes)) for event in expanded] == [
        ("c", "c", {"c/1": "Add", "c/2": "CountDown"}),
        ("c/2", "c", {"c/3": "Add", "c/4": "CountDown"}),
    ]
    assert bench.started == ["c", "c/1", "c/2", "c/3", "c/4", "out"]


def test_a_loop_of_many_rounds_does_not_recurse(bench):
    assert bench.shown(loop(1500)) == ["<1.12575e+06>"]


def test_an_expanded_node_is_stored_whole(bench):
    bench.run(loop(3))
    bench.run(loop(3))
    assert bench.started == []


def test_rounds_of_a_loop_are_stored_one_by_one(bench):
    bench.run(loop(3))
    nodes = {
        "step": Node("Add", {"a": 3.0}),
        "c": Node("CountDown", {"n": 2, "so_far": Link("step")}),
        "out": Node("Show", {"value": Link("c")}),
    }
    bench.run(nodes)
    assert bench.started == []


def test_a_target_may_expand_into_targets(bench):
    result = bench.run({"b": Node("Both", {"value": 1.0})})
    assert result.artifacts["b"] == ("<1>", "<2>")
    again = bench.run({"b": Node("Both", {"value": 1.0})})
    assert bench.started == [] and again.artifacts["b"] == ("<1>", "<2>")


def test_an_expansion_runs_per_item(bench):
    nodes = {
        "r": Node("Range", {"length": 3, "start": 1}),
        "c": Node("CountDown", {"n": Link("r")}),
        "out": Node("Show", {"value": Link("c")}),
    }
    assert bench.shown(nodes) == ["<1>", "<3>", "<6>"]
    order = bench.started
    assert order.index("out") < len(order) - 1 - order[::-1].index("c"), "picture 1 is saved before round 2 starts"


def test_a_fragment_may_link_to_nodes_outside(bench):
    @node("Outward")
    def outward(value: float) -> float | Expansion:
        return Expansion({"x": Node("Add", {"a": Link("n"), "b": value})}, (Link("x"),))

    bench.registry.add(outward.node_type)
    nodes = {
        "n": Node("Number", {"value": 5}),
        "o": Node("Outward", {"value": Link("n")}),
        "out": Node("Show", {"value": Link("o")}),
    }
    assert bench.shown(nodes) == ["<10>"]
    assert bench.shown(nodes) == ["<10>"]


def test_a_node_outside_that_was_never_needed_is_run_when_a_fragment_links_to_it(bench):
    @node("Reach")
    def reach(value: float) -> float | Expansion:
        return Expansion({"x": Node("Add", {"a": Link("late"), "b": value})}, (Link("x"),))

    bench.registry.add(reach.node_type)
    nodes = {
        "late": Node("Number", {"value": 5}),
        "pick": Node("Switch", {"on": True, "yes": 1.0, "no": Link("late")}),
        "o": Node("Reach", {"value": Link("pick")}),
        "out": Node("Show", {"value": Link("o")}),
    }
    assert bench.shown(nodes) == ["<6>"]


def test_a_fragment_may_hand_over_values(bench):
    class Thing:
        def __init__(self, size):
            self.size = size

    @node("Weigh")
    def weigh(thing: Thing) -> float:
        return thing.size

    @node("Wrap")
    def wrap(size: float) -> float | Expansion:
        return Expansion({"w": Node("Weigh", {"thing": Thing(size)})}, (Link("w"),))

    for function in (weigh, wrap):
        bench.registry.add(function.node_type)
    nodes = {"w": Node("Wrap", {"size": 2.0}), "out": Node("Show", {"value": Link("w")})}
    assert bench.shown(nodes) == ["<2>"]
    bench.run(nodes)
    assert bench.started == []
    assert bench.shown(nodes | {"w": Node("Wrap", {"size": 3.0})}) == ["<3>"]


def test_outputs_of_an_expansion_may_be_values(bench):
    @node("Known")
    def known() -> float | Expansion:
        return Expansion({}, (4.0,))

    bench.registry.add(known.node_type)
    assert bench.shown({"k": Node("Known"), "out": Node("Show", {"value": Link("k")})}) == ["<4>"]


def test_a_fragment_is_checked_and_its_problems_belong_to_the_parent(bench):
    @node("Sloppy")
    def sloppy() -> float | Expansion:
        return Expansion({"x": Node("Ad"), "y": Node("Add", {"a": "high"})}, (Link("y"),))

    bench.registry.add(sloppy.node_type)
    failure = bench.run({"s": Node("Sloppy"), "out": Node("Show", {"value": Link("s")})}).failures["s"]
    assert failure.message == (
        "the nodes it put in its place cannot run: x: there is no node called 'Ad'; the nearest is 'Add'; "
        "y: 'a' must be a number, not 'high'"
    )


@pytest.mark.parametrize(
    "expansion, message",
    [
        (Expansion({}, ()), "it has 1 outputs, the expansion 0"),
        (Expansion({}, (Link("x"),)), "output 'FLOAT' is linked to output 0 of 'x', which is not there"),
        (Expansion({"x": {"inputs": {}}}, (Link("x"),)), "a node needs a class_type"),
        (
            Expansion({"x": Node("Range", {"length": 2})}, (Link("x"),)),
            "'FLOAT' is no list, but its expansion came to 2",
        ),
    ],
)
def test_an_expansion_that_does_not_fit_fails_its_node(bench, expansion, message):
    @node("Ill")
    def ill() -> float | Expansion:
        return expansion

    bench.registry.add(ill.node_type)
    failure = bench.run({"i": Node("Ill"), "out": Node("Show", {"value": Link("i")})}).failures["i"]
    assert message in failure.message


def test_a_failure_inside_blocks_what_depends_on_the_parent(bench):
    @node("Trap")
    def trap() -> float | Expansion:
        return Expansion({"x": Node("Explode")}, (Link("x"),))

    bench.registry.add(trap.node_type)
    result = bench.run(
        {"t": Node("Trap"), "out": Node("Show", {"value": Link("t")}), "fine": Node("Show", {"value": 1})}
    )
    assert set(result.failures) == {"t/1"}
    assert result.blocked == {"out": "node 't/1' (Explode) failed"}
    assert result.artifacts == {"fine": ("<1>",)}


def test_a_blocked_value_may_leave_a_fragment(bench):
    @node("Stop")
    def stop() -> float | Blocked:
        return Blocked("not today")

    @node("Inside")
    def inside() -> float | Expansion:
        return Expansion({"x": Node("Stop")}, (Link("x"),))

    for function in (stop, inside):
        bench.registry.add(function.node_type)
    result = bench.run({"i": Node("Inside"), "out": Node("Show", {"value": Link("i")})})
    assert result.blocked == {"out": "not today"} and not result.failures


def test_a_file_replaced_inside_a_fragment_runs_it_again(bench):
    versions = {"a": "1"}

    class Files:
        def names(self):
            return list(versions)

        def find(self, name):
            return name if name in versions else None

        def identity(self, name):
            return versions[name]

    @node("Load")
    def load(name: Annotated[str, Choice("files")]) -> float:
        return float(versions[name])

    @node("Loads")
    def loads() -> float | Expansion:
        return Expansion({"l": Node("Load", {"name": "a"})}, (Link("l"),))

    for function in (load, loads):
        bench.registry.add(function.node_type)
    bench.choices = {"files": Files()}
    nodes = {"l": Node("Loads"), "out": Node("Show", {"value": Link("l")})}
    assert bench.shown(nodes) == ["<1>"]
    bench.run(nodes)
    assert bench.started == []
    versions["a"] = "2"
    assert bench.shown(nodes) == ["<2>"]


def test_an_artifact_that_is_gone_inside_a_fragment_is_made_again(bench):
    class Saved(Artifact):
        there = True

        def is_valid(self):
            return self.there

    @node("Save")
    def save() -> Saved:
        return Saved()

    @node("Saves")
    def saves() -> None:
        return Expansion({"s": Node("Save")})  # type: ignore[return-value]

    for function in (save, saves):
        bench.registry.add(function.node_type)
    (saved,) = bench.run({"s": Node("Saves")}).artifacts["s"]
    bench.run({"s": Node("Saves")})
    assert bench.started == []
    saved.there = False
    bench.run({"s": Node("Saves")})
    assert bench.started == ["s", "s/1"]


def test_ids_of_the_document_are_never_taken(bench):
    nodes = loop(1) | {"c/1": Node("Show", {"value": 9.0})}
    result = bench.run(nodes)
    assert result.artifacts == {"out": ("<1>",), "c/1": ("<9>",)}


def test_a_change_that_only_a_fragment_reads_reaches_what_follows(bench):
    @node("Peek")
    def peek(value: float) -> float | Expansion:
        return Expansion({"x": Node("Add", {"a": Link("n"), "b": value})}, (Link("x"),))

    bench.registry.add(peek.node_type)
    nodes = {
        "n": Node("Number", {"value": 5}),
        "shown": Node("Show", {"value": Link("n")}),
        "p": Node("Peek", {"value": 1.0}),
        "out": Node("Show", {"value": Link("p")}),
    }
    assert bench.shown(nodes) == ["<6>"]
    assert bench.shown(nodes | {"n": Node("Number", {"value": 6})}) == ["<7>"]
