from typing import Annotated

import pytest

from graph.declare import Growing, node
from graph.events import NodeErrored, NodeFinished, NodeSkipped, NodeStarted
from graph.workflow import Link, Node


def order(bench):
    return [(event.node, event.item) for event in bench.of(NodeStarted)]


def sweep(length=3):
    return {
        "r": Node("Range", {"length": length, "start": 1}),
        "a": Node("Add", {"a": Link("r"), "b": 10.0}),
        "out": Node("Show", {"value": Link("a")}),
    }


def test_a_list_makes_what_follows_run_once_per_item(bench):
    assert bench.shown(sweep()) == ["<11>", "<12>", "<13>"]


def test_item_first_the_first_picture_is_saved_before_the_second_starts(bench):
    bench.run(sweep())
    assert order(bench) == [("r", 0), ("a", 0), ("out", 0), ("a", 1), ("out", 1), ("a", 2), ("out", 2)]


def test_events_say_which_item_of_how_many(bench):
    bench.run(sweep())
    assert [(event.item, event.items) for event in bench.of(NodeFinished) if event.node == "out"][1:] == [
        (1, 3),
        (2, 3),
    ]


def test_item_first_holds_for_branches_that_join(bench):
    nodes = sweep(2) | {
        "b": Node("Add", {"a": Link("r"), "b": 20.0}),
        "sum": Node("Add", {"a": Link("a"), "b": Link("b")}),
        "out": Node("Show", {"value": Link("sum")}),
    }
    assert bench.shown(nodes) == ["<32>", "<34>"]
    assert [entry for entry in order(bench) if entry[0] == "out"] == [("out", 0), ("out", 1)]
    assert order(bench).index(("out", 0)) < min(order(bench).index((name, 1)) for name in ("a", "b", "sum"))


def test_a_shorter_list_repeats_its_last_item(bench):
    nodes = {
        "long": Node("Range", {"length": 4}),
        "short": Node("Range", {"length": 2, "start": 10}),
        "a": Node("Add", {"a": Link("long"), "b": Link("short")}),
        "out": Node("Show", {"value": Link("a")}),
    }
    assert bench.shown(nodes) == ["<10>", "<12>", "<13>", "<14>"]


def test_nested_lists_join_flat_and_stay_item_first(bench):
    nodes = {
        "outer": Node("Range", {"length": 2, "start": 1}),
        "inner": Node("Range", {"length": Link("outer"), "start": 5}),
        "out": Node("Show", {"value": Link("inner")}),
    }
    assert bench.shown(nodes) == ["<5>", "<5>", "<6>"]
    first, second = order(bench).index(("inner", 0)), order(bench).index(("inner", 1))
    assert first < order(bench).index(("out", 0)) < second


def test_a_gathering_input_gets_the_whole_list_once(bench):
    nodes = sweep() | {"t": Node("Sum", {"values": Link("a")}), "out": Node("Show", {"value": Link("t")})}
    assert bench.shown(nodes) == ["<36>"]
    assert bench.started.count("t") == 1


def test_a_single_value_is_gathered_as_a_list_of_one(bench):
    nodes = {
        "n": Node("Number", {"value": 3}),
        "t": Node("Sum", {"values": Link("n")}),
        "out": Node("Show", {"value": Link("t")}),
    }
    assert bench.shown(nodes) == ["<3>"]


def test_a_list_may_be_written_where_one_is_gathered(bench):
    nodes = {"t": Node("Sum", {"values": [1.0, 2]}), "out": Node("Show", {"value": Link("t")})}
    assert bench.shown(nodes) == ["<3>"]


def test_an_empty_list_runs_nothing_downstream_and_says_so(bench):
    nodes = sweep(0) | {"t": Node("Sum", {"values": Link("a")}), "all": Node("Show", {"value": Link("t")})}
    result = bench.run(nodes)
    assert bench.started == ["r"] and not result.artifacts
    empty = {event.node: event for event in bench.of(NodeSkipped)}
    assert set(empty) == {"a", "out", "t", "all"}
    assert empty["a"].items == 0 and "empty" in empty["a"].reason


def test_an_empty_list_is_remembered(bench):
    bench.run(sweep(0))
    bench.run(sweep(0))
    assert bench.started == []


def test_a_longer_list_runs_only_its_new_items(bench):
    bench.run(sweep(2))
    assert bench.shown(sweep(3)) == ["<11>", "<12>", "<13>"]
    assert order(bench) == [("r", 0), ("a", 2), ("out", 2)]


def test_an_unchanged_list_runs_nothing_and_shows_every_item(bench):
    bench.run(sweep())
    assert bench.shown(sweep()) == ["<11>", "<12>", "<13>"]
    assert bench.started == []


def test_a_failed_item_stops_only_what_depends_on_it(bench):
    @node("Picky")
    def picky(value: float) -> float:
        if value == 2:
            raise ValueError("not two")
        return value

    bench.registry.add(picky.node_type)
    nodes = sweep() | {
        "p": Node("Picky", {"value": Link("r")}),
        "out": Node("Show", {"value": Link("p")}),
        "t": Node("Sum", {"values": Link("p")}),
        "all": Node("Show", {"value": Link("t")}),
    }
    result = bench.run(nodes)
    assert result.artifacts["out"] == ("<1>", "<3>")
    assert result.failures["p"].item == 1
    assert [event.item for event in bench.of(NodeErrored)] == [1]
    assert result.blocked["t"] == "node 'p' (Picky) failed"


def test_numbered_inputs_reach_the_function_as_one_list_in_their_order():
    from graph.executor import Executor
    from graph.graph import resolve
    from graph.registry import Registry
    from graph.workflow import Workflow
    from tests.graph.conftest import number

    seen = []

    @node("Join")
    def join(texts: Annotated[list[int], Growing("text_")]) -> None:
        seen.append(texts)

    nodes = {
        "n": Node("Number", {"value": 9}),
        "j": Node("Join", {"text_10": 3, "text_2": Link("n"), "text_1": 1}),
    }
    Executor().run(resolve(Workflow(nodes), Registry(join, number), {}))
    assert seen == [[1, 9, 3]]


def test_numbered_inputs_fan_out_like_any_other(bench):
    @node("Total")
    def total(values: Annotated[list[float], Growing("value_")]) -> float:
        return sum(values)

    bench.registry.add(total.node_type)
    nodes = {
        "r": Node("Range", {"length": 3}),
        "t": Node("Total", {"value_1": Link("r"), "value_2": 100.0}),
        "out": Node("Show", {"value": Link("t")}),
    }
    assert bench.shown(nodes) == ["<100>", "<101>", "<102>"]


def test_a_node_that_owes_a_list_and_returns_none_fails(bench):
    @node("Owes")
    def owes() -> list[int]:
        return 3  # type: ignore[return-value]

    bench.registry.add(owes.node_type)
    failure = bench.run({"o": Node("Owes"), "out": Node("Show", {"value": Link("o")})}).failures["o"]
    assert failure.message == "it should return a list for 'INT', not 3"


@pytest.mark.parametrize("length", [1, 2, 50])
def test_the_store_holds_nothing_after_a_run(bench, length):
    bench.run(sweep(length))
    store = bench.executor.store
    store.free(1 << 40)
    assert len(store) == 0
