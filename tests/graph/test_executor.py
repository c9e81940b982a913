import gc
import traceback
from typing import NamedTuple

import pytest

from graph.codec import NoCodecs
from graph.declare import Artifact, Resource, node, volatile
from graph.errors import Cancelled
from graph.events import NodeBlocked, NodeErrored, NodeFinished, NodeProgress, NodeSkipped, Planned
from graph.executor import Executor
from graph.graph import resolve
from graph.registry import Registry
from graph.reporting import Here, Note, Warn
from graph.workflow import Link, Node, Workflow


def sums(value=7, note=""):
    return {
        "n": Node("Number", {"value": value, "note": note}),
        "s": Node("Split", {"value": Link("n")}),
        "a": Node("Add", {"a": Link("s"), "b": Link("s", 1)}),
        "out": Node("Show", {"value": Link("a")}),
    }


def test_nodes_run_in_order_and_the_result_is_the_targets(bench):
    result = bench.run(sums())
    assert result.artifacts["out"] == ("<7>",)
    assert bench.started == ["n", "s", "a", "out"] == list(result.ran)
    assert bench.events[0] == Planned(steps=("n", "s", "a", "out"), cached=frozenset())
    assert bench.of(NodeFinished)[-1].artifacts == ("<7>",)


def test_an_unchanged_workflow_runs_nothing_and_still_shows_its_result(bench):
    bench.run(sums())
    result = bench.run(sums())
    assert bench.started == []
    assert bench.events[0] == Planned(steps=(), cached=frozenset({"out"}))
    assert result.artifacts["out"] == ("<7>",)
    assert bench.of(NodeSkipped)[0].artifacts == ("<7>",)


def test_only_what_changed_runs_again(bench):
    nodes = sums()
    bench.run(nodes)
    bench.run(nodes | {"a": Node("Add", {"a": Link("s"), "b": 1.0})})
    assert bench.started == ["a", "out"]


def test_an_input_that_came_out_equal_does_not_run_what_follows(bench):
    bench.run(sums())
    bench.run(sums(note="seen"))
    assert bench.events[0].steps == ("n", "s", "a", "out"), "the plan is an upper bound"
    assert bench.started == ["n"]
    assert bench.skipped == ["s", "a", "out"]


def test_it_does_not_matter_whether_a_value_was_written_or_came_through_a_link(bench):
    bench.run(sums(7))
    nodes = sums(7) | {"s": Node("Split", {"value": 7})}
    bench.run(nodes)
    assert bench.started == []
    assert bench.shown(nodes) == ["<7>"]


def test_after_an_early_cutoff_the_next_plan_knows(bench):
    bench.run(sums())
    bench.run(sums(note="seen"))
    bench.run(sums(note="seen"))
    assert bench.events[0].steps == ()


def test_node_ids_do_not_matter_to_the_store(bench):
    bench.run(sums())
    renamed = {
        f"x{node_id}": Node(
            placed.type,
            {
                name: Link(f"x{value.node}", value.output) if isinstance(value, Link) else value
                for name, value in placed.inputs.items()
            },
        )
        for node_id, placed in sums().items()
    }
    bench.run(renamed)
    assert bench.started == []


def test_an_int_reaches_a_float_input_as_a_float():
    seen = []

    @node("Look")
    def look(value: float) -> None:
        seen.append(value)

    @node("One")
    def one() -> int:
        return 1

    graph = resolve(Workflow({"1": Node("One"), "2": Node("Look", {"value": Link("1")})}), Registry(look, one), {})
    Executor().run(graph)
    assert seen == [1.0] and type(seen[0]) is float


def test_chosen_targets_only(bench):
    nodes = sums() | {"other": Node("Show", {"value": 3.0})}
    bench.run(nodes, targets=["other"])
    assert bench.started == ["other"]
    result = bench.run(nodes, targets=["a"])
    assert result.value("a") == 7.0
    assert "out" not in bench.started


def test_a_failed_node_stops_only_what_depends_on_it(bench):
    nodes = {
        "bad": Node("Explode"),
        "after": Node("Add", {"a": Link("bad")}),
        "lost": Node("Show", {"value": Link("after")}),
        "fine": Node("Show", {"value": 2.0}),
    }
    result = bench.run(nodes)
    failure = result.failures["bad"]
    assert str(failure) == "Explode (bad): boom"
    assert isinstance(failure.__cause__, ValueError)
    assert result.artifacts == {"fine": ("<2>",)}
    assert result.blocked == {"after": "node 'bad' (Explode) failed", "lost": "node 'bad' (Explode) failed"}
    assert [event.node for event in bench.of(NodeErrored)] == ["bad"]
    assert [event.node for event in bench.of(NodeBlocked)] == ["after", "lost"]


def test_what_ran_before_a_failure_is_kept(bench):
    nodes = {
        "n": Node("Number", {"value": 3}),
        "z": Node("Explode"),
        "a": Node("Add", {"a": Link("n"), "b": Link("z")}),
        "out": Node("Show", {"value": Link("a")}),
    }
    bench.run(nodes)
    bench.run(nodes | {"z": Node("Add", {"a": 1.0})})
    assert bench.started == ["z", "a", "out"]


def test_a_failed_node_is_tried_again_next_time(bench):
    nodes = {"bad": Node("Explode"), "out": Node("Show", {"value": Link("bad")})}
    bench.run(nodes)
    bench.run(nodes)
    assert bench.started == ["bad"]


def test_cancelling_takes_hold_inside_a_node(bench):
    def watch(event):
        bench.events.append(event)
        if isinstance(event, NodeProgress) and event.done == 2:
            bench.cancel.set()

    bench.watch = watch
    with pytest.raises(Cancelled):
        bench.run({"c": Node("Steps", {"count": 5}), "out": Node("Show", {"value": Link("c")})})
    assert len(bench.of(NodeProgress)) == 2


def test_a_node_that_stops_in_its_own_words_is_cancelled_too(bench):
    @node("Stubborn")
    def stubborn() -> None:
        bench.cancel.set()
        raise RuntimeError("stopped in the middle of a block")

    bench.registry.add(stubborn.node_type)
    with pytest.raises(Cancelled):
        bench.run({"1": Node("Stubborn")})


def test_cancelling_leaves_nothing_held(bench):
    bench.cancel.set()
    with pytest.raises(Cancelled):
        bench.run(sums())
    bench.cancel.clear()
    bench.executor.store.free(1 << 40)
    assert bench.shown(sums()) == ["<7>"]
    assert bench.executor.store.free(1 << 40) >= 0 and len(bench.executor.store) == 0


def test_a_volatile_node_runs_once_per_run_and_again_next_time(bench):
    calls = []

    @node("Tick", fingerprint=volatile)
    def tick() -> float:
        calls.append(1)
        return float(len(calls))

    bench.registry.add(tick.node_type)
    nodes = {
        "t": Node("Tick"),
        "x": Node("Add", {"a": Link("t")}),
        "pick": Node("Switch", {"on": True, "yes": Link("t"), "no": Link("x")}),
        "sum": Node("Add", {"a": Link("pick"), "b": Link("t")}),
        "out": Node("Show", {"value": Link("sum")}),
    }
    assert (bench.shown(nodes), bench.shown(nodes), len(calls)) == (["<2>"], ["<4>"], 2)


def test_a_fingerprint_may_read_inputs_and_resources(bench):
    class Disk(dict): ...

    @node("Read", fingerprint=lambda inputs, resources: str(resources[Disk].get(inputs["name"])))
    def read(disk: Resource[Disk], name: str) -> float:
        return disk[name]

    @node("Name")
    def name(text: str) -> str:
        return text

    for function in (read, name):
        bench.registry.add(function.node_type)
    bench.resources = {Disk: Disk(a=1.0)}
    nodes = {
        "n": Node("Name", {"text": "a"}),
        "r": Node("Read", {"name": Link("n")}),
        "out": Node("Show", {"value": Link("r")}),
    }
    assert bench.shown(nodes) == ["<1>"]
    bench.run(nodes)
    assert bench.started == []
    bench.run(nodes)
    assert bench.events[0].steps == (), "the linked name is stored, so the plan can ask for the fingerprint"
    bench.resources = {Disk: Disk(a=2.0)}
    assert bench.shown(nodes) == ["<2>"]


def test_an_artifact_that_is_gone_is_made_again(bench):
    class Saved(Artifact):
        there = True

        def is_valid(self):
            return self.there

    @node("Save")
    def save(value: float) -> Saved:
        return Saved()

    bench.registry.add(save.node_type)
    nodes = {"n": Node("Number"), "s": Node("Save", {"value": Link("n")})}
    (saved,) = bench.run(nodes).artifacts["s"]
    bench.run(nodes)
    assert bench.started == []
    saved.there = False
    (again,) = bench.run(nodes).artifacts["s"]
    assert bench.started == ["s"] and again is not saved
    bench.run(nodes)
    assert bench.started == []


def test_a_resource_that_nobody_supplies_is_a_failure_of_the_node(bench):
    class Camera: ...

    @node("Photograph")
    def photograph(camera: Resource[Camera]) -> None: ...

    bench.registry.add(photograph.node_type)
    failure = bench.run({"1": Node("Photograph")}).failures["1"]
    assert failure.message == "it needs Camera, which this program does not supply"


def test_a_warning_is_put_on_its_node(bench):
    @node("Hesitate")
    def hesitate(warn: Resource[Warn]) -> None:
        warn("192 of 264 changes applied")

    bench.registry.add(hesitate.node_type)
    bench.run({"1": Node("Hesitate")})
    assert [event.message for event in bench.events if type(event).__name__ == "NodeWarned"] == [
        "192 of 264 changes applied"
    ]


def test_a_node_can_say_what_it_did_and_which_node_it_is(bench):
    @node("Report")
    def report(note: Resource[Note], here: Resource[Here]) -> None:
        note(f"{here.node} changed 264 weights")

    bench.registry.add(report.node_type)
    bench.run({"7": Node("Report")})
    assert [(event.node, event.message) for event in bench.events if type(event).__name__ == "NodeNoted"] == [
        ("7", "7 changed 264 weights")
    ]


def test_a_node_that_returns_the_wrong_number_of_values_fails(bench):
    class Two(NamedTuple):
        a: int
        b: int

    @node("Short")
    def short() -> Two:
        return (1,)

    bench.registry.add(short.node_type)
    result = bench.run({"1": Node("Short"), "out": Node("Show", {"value": Link("1", 1)})})
    assert result.failures["1"].message == "it should return 2 values, not (1,)"


def test_a_chain_of_ten_thousand_nodes_runs(bench):
    nodes = {"0": Node("Add", {"a": 1.0})}
    nodes |= {str(place): Node("Add", {"a": Link(str(place - 1)), "b": 1.0}) for place in range(1, 10_000)}
    nodes["out"] = Node("Show", {"value": Link("9999")})
    assert bench.shown(nodes) == ["<10000>"]
    assert len(bench.started) == 10_001
    bench.run(nodes)
    assert bench.started == []


def test_a_run_tells_what_it_does(bench):
    bench.run(sums())
    assert [type(event).__name__ for event in bench.events] == ["Planned"] + ["NodeStarted", "NodeFinished"] * 4


class Heavy:
    """Something that is noticed when it stays."""

    alive = 0

    def __init__(self):
        Heavy.alive += 1

    def __del__(self):
        Heavy.alive -= 1


@pytest.fixture
def heavy():
    gc.disable()  # what stays without the collector stays too long
    Heavy.alive = 0
    yield Heavy
    gc.enable()


def test_a_failure_keeps_its_place_in_the_source_but_not_what_the_node_held(bench, heavy):
    @node("Leak")
    def leak() -> None:
        held = Heavy()
        raise ValueError(f"it was {held is None}")

    bench.registry.add(leak.node_type)
    result = bench.run({"1": Node("Leak")})
    assert Heavy.alive == 0
    assert "in leak" in "".join(traceback.format_exception(result.failures["1"]))


def test_nothing_of_a_run_lingers_beyond_the_store(bench, heavy):
    @node("Heavy")
    def make() -> Heavy:
        return Heavy()

    @node("Measure")
    def measure(thing: Heavy) -> float:
        return 1.0

    for function in (make, measure):
        bench.registry.add(function.node_type)
    nodes = {
        "h": Node("Heavy"),
        "m": Node("Measure", {"thing": Link("h")}),
        "out": Node("Show", {"value": Link("m")}),
        "bad": Node("Explode", {"value": Link("m")}),
        "lost": Node("Show", {"value": Link("bad")}),
    }
    bench.run(nodes, targets=["out", "h", "lost"])
    bench.executor.store.free(1 << 40)
    assert Heavy.alive == 0


def test_a_value_that_its_codec_cannot_digest_fails_its_node_alone():
    class Fussy(NoCodecs):
        def digest(self, value):
            raise RuntimeError("no such thing was ever digested")

    class Thing: ...

    @node("MakeThing")
    def make() -> Thing:
        return Thing()

    @node("UseThing")
    def use(thing: Thing) -> None: ...

    @node("Fine")
    def fine() -> None: ...

    nodes = {"t": Node("MakeThing"), "u": Node("UseThing", {"thing": Link("t")}), "f": Node("Fine")}
    result = Executor(codecs=Fussy()).run(resolve(Workflow(nodes), Registry(make, use, fine), {}))
    assert result.failures["t"].message == "no such thing was ever digested"
    assert "f" in result.ran
