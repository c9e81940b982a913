from graph.declare import Lazy, node
from graph.events import NodeSkipped
from graph.workflow import Link, Node


def choose(on=True, **changes):
    return {
        "good": Node("Add", {"a": 1.0}),
        "bad": Node("Explode"),
        "pick": Node("Switch", {"on": on, "yes": Link("good"), "no": Link("bad")}),
        "out": Node("Show", {"value": Link("pick")}),
    } | changes


def test_a_lazy_input_that_is_not_asked_for_does_not_run(bench):
    assert bench.shown(choose()) == ["<1>"]
    assert "bad" not in bench.started
    assert [(event.node, event.reason) for event in bench.of(NodeSkipped)] == [("bad", "nothing asked for it")]


def test_a_lazy_input_that_is_asked_for_runs(bench):
    result = bench.run(choose(False))
    assert "good" not in bench.started
    assert set(result.failures) == {"bad"} and set(result.blocked) == {"pick", "out"}


def test_a_change_in_a_branch_that_was_not_asked_for_runs_nothing(bench):
    bench.run(choose())
    bench.run(choose(bad=Node("Explode", {"value": 2.0})))
    assert bench.started == []
    assert bench.shown(choose(bad=Node("Explode", {"value": 2.0}))) == ["<1>"]


def test_a_literal_in_a_lazy_input_is_there_at_once(bench):
    assert bench.shown({"p": Node("Switch", {"on": True, "yes": 4}), "out": Node("Show", {"value": Link("p")})}) == [
        "<4>"
    ]


def test_a_node_is_asked_again_until_it_is_satisfied(bench):
    def needs(inputs):
        return ["first"] if "first" not in inputs else ["second"] if inputs["first"] else ["third"]

    @node("Twice", needs=needs)
    def twice(first: Lazy[float], second: Lazy[float], third: Lazy[float]) -> float:
        return first + second

    bench.registry.add(twice.node_type)
    nodes = {
        "1": Node("Add", {"a": 1.0}),
        "2": Node("Add", {"a": 2.0}),
        "3": Node("Explode"),
        "t": Node("Twice", {"first": Link("1"), "second": Link("2"), "third": Link("3")}),
        "out": Node("Show", {"value": Link("t")}),
    }
    assert bench.shown(nodes) == ["<3>"]
    assert bench.started == ["1", "2", "t", "out"]


def test_a_list_that_is_lazily_chosen_goes_on_item_by_item(bench):
    nodes = choose(good=Node("Range", {"length": 3, "start": 1}))
    assert bench.shown(nodes) == ["<1>", "<2>", "<3>"]


def test_items_may_ask_for_different_inputs(bench):
    @node("Flags")
    def flags() -> list[bool]:
        return [True, False, True]

    bench.registry.add(flags.node_type)
    nodes = choose(
        flags=Node("Flags"),
        bad=Node("Range", {"length": 3, "start": 7}),
        pick=Node("Switch", {"on": Link("flags"), "yes": Link("good"), "no": Link("bad")}),
    )
    assert bench.shown(nodes) == ["<1>", "<8>", "<1>"]


def test_a_node_that_asks_for_what_it_has_not_fails(bench):
    @node("Odd", needs=lambda inputs: ["nothing"])
    def odd(value: Lazy[float] = 0.0) -> float:
        return value

    bench.registry.add(odd.node_type)
    failure = bench.run({"o": Node("Odd"), "out": Node("Show", {"value": Link("o")})}).failures["o"]
    assert failure.message == "it asks for inputs that it does not have: nothing"


def late(bench, picked):
    @node("Positive")
    def positive(value: float) -> bool:
        bench.executor.store.free(1 << 40)
        return value > 0

    bench.registry.add(positive.node_type)
    return {
        "s": Node("Add", {"a": 5.0}),
        "x": Node("Add", {"a": Link("s"), "b": 1.0}),
        "early": Node("Show", {"value": Link("s")}),
        "slow": Node("Steps", {"count": 2}),
        "on": Node("Positive", {"value": Link("slow")}),
        "pick": Node("Switch", {"on": Link("on"), "yes": Link(picked)}),
        "out": Node("Show", {"value": Link("pick")}),
    }


def test_what_a_lazy_input_may_still_ask_for_is_not_dropped(bench):
    assert bench.shown(late(bench, picked="s")) == ["<5>"]
    assert bench.started.count("s") == 1


def test_what_was_dropped_before_a_lazy_branch_needed_it_is_made_again(bench):
    assert bench.shown(late(bench, picked="x")) == ["<6>"]
    assert bench.started.count("s") == 2


def test_a_chain_of_lazy_switches_does_not_recurse(bench):
    nodes = {"0": Node("Add", {"a": 1.0})}
    nodes |= {str(place): Node("Switch", {"on": True, "yes": Link(str(place - 1))}) for place in range(1, 3000)}
    nodes["out"] = Node("Show", {"value": Link("2999")})
    assert bench.shown(nodes) == ["<1>"]
