from typing import NamedTuple

from graph.declare import Blocked, node
from graph.events import NodeBlocked
from graph.workflow import Link, Node


@node("Gate")
def gate(value: float, least: float = 0.0) -> float | Blocked:
    """Let large values through."""
    return value if value >= least else Blocked(f"{value:g} is too small")


def test_what_reads_a_blocked_value_does_not_run_and_says_why(bench):
    bench.registry.add(gate.node_type)
    nodes = {
        "g": Node("Gate", {"value": 1.0, "least": 2.0}),
        "a": Node("Add", {"a": Link("g")}),
        "out": Node("Show", {"value": Link("a")}),
        "fine": Node("Show", {"value": 3.0}),
    }
    result = bench.run(nodes)
    assert result.blocked == {"a": "1 is too small", "out": "1 is too small"}
    assert not result.failures and result.artifacts == {"fine": ("<3>",)}
    assert [event.node for event in bench.of(NodeBlocked)] == ["a", "out"]


def test_blocked_items_do_not_stop_the_others(bench):
    bench.registry.add(gate.node_type)
    nodes = {
        "r": Node("Range", {"length": 4}),
        "g": Node("Gate", {"value": Link("r"), "least": 2.0}),
        "out": Node("Show", {"value": Link("g")}),
    }
    assert bench.shown(nodes) == ["<2>", "<3>"]


def test_a_blocked_value_is_stored_like_any_other(bench):
    bench.registry.add(gate.node_type)
    nodes = {"g": Node("Gate", {"value": 1.0, "least": 2.0}), "out": Node("Show", {"value": Link("g")})}
    bench.run(nodes)
    result = bench.run(nodes)
    assert bench.started == []
    assert result.blocked == {"out": "1 is too small"}


def test_one_output_may_be_blocked_and_the_other_not(bench):
    class Sides(NamedTuple):
        left: float | Blocked
        right: float | Blocked

    @node("Route")
    def route(value: float, left: bool = True) -> Sides:
        nothing = Blocked("the other way")
        return Sides(value, nothing) if left else Sides(nothing, value)

    bench.registry.add(route.node_type)
    nodes = {
        "r": Node("Route", {"value": 1.0}),
        "left": Node("Show", {"value": Link("r", 0)}),
        "right": Node("Show", {"value": Link("r", 1)}),
    }
    result = bench.run(nodes)
    assert result.artifacts == {"left": ("<1>",)}
    assert result.blocked == {"right": "the other way"}
