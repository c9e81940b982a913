from typing import NamedTuple

import pytest

from graph.declare import node
from graph.graph import check, resolve
from graph.modes import Rewiring
from graph.registry import Registry
from graph.workflow import Link, Node, Workflow
from tests.graph.conftest import NODES


class Model:
    socket = "MODEL"


class Clip:
    socket = "CLIP"


class Loaded(NamedTuple):
    model: Model
    clip: Clip


@node("Open")
def load() -> Loaded: ...  # type: ignore[empty-body]


@node("Patch")
def patch(model: Model, clip: Clip, strength: float = 1.0) -> Loaded: ...  # type: ignore[empty-body]


@node("Sample")
def sample(model: Model, other: Model | None = None) -> None: ...


REGISTRY = Registry(*NODES, load, patch, sample)


def stack(mode, **changes):
    return {
        "l": Node("Open"),
        "p": Node("Patch", {"model": Link("l"), "clip": Link("l", 1)}, mode=mode),
        "out": Node("Sample", {"model": Link("p")}),
    } | changes


def link(nodes, node_id="out", name="model"):
    return resolve(Workflow(nodes), REGISTRY, {}).nodes[node_id].links[name]


def test_a_bypassed_node_passes_its_consumer_on():
    assert link(stack("bypass")) == Link("l", 0)


def test_a_bypass_goes_by_type_and_prefers_the_same_place():
    nodes = stack("bypass", q=Node("Patch", {"model": Link("l"), "clip": Link("p", 1)}, mode="run"))
    nodes["out"] = Node("Sample", {"model": Link("q")})
    assert link(nodes, "q", "clip") == Link("l", 1)


def test_bypassed_nodes_in_a_row_are_all_passed():
    nodes = stack("bypass", q=Node("Patch", {"model": Link("p"), "clip": Link("p", 1)}, mode="bypass"))
    nodes["out"] = Node("Sample", {"model": Link("q")})
    assert link(nodes) == Link("l", 0)


def test_ten_thousand_bypassed_nodes_in_a_row_are_walked_once():
    nodes = {"0": Node("Open")}
    for place in range(1, 10_000):
        nodes[str(place)] = Node("Patch", {"model": Link(str(place - 1)), "clip": Link("0", 1)}, mode="bypass")
    nodes |= {f"s{place}": Node("Sample", {"model": Link(str(9_999 - place))}) for place in range(2_000)}
    graph = resolve(Workflow(nodes), REGISTRY, {})
    assert {graph.nodes[f"s{place}"].links["model"] for place in range(2_000)} == {Link("0", 0)}


def test_a_muted_node_is_not_there():
    (problem,) = check(Workflow(stack("mute")), REGISTRY, {})
    assert (problem.code, problem.node, problem.input) == ("missing_input", "out", "model")
    assert problem.message == "'model' needs a value or a link; node 'p', which it is linked to, is switched off"


def test_an_optional_input_of_a_muted_node_is_left_open():
    nodes = stack("mute", out=Node("Sample", {"model": Link("l"), "other": Link("p")}))
    assert "other" not in resolve(Workflow(nodes), REGISTRY, {}).nodes["out"].links


def test_a_muted_target_does_not_run(bench):
    nodes = {"a": Node("Show", {"value": 1.0}), "b": Node("Show", {"value": 2.0}, mode="mute")}
    assert bench.run(nodes).artifacts == {"a": ("<1>",)}


def test_a_bypassed_node_with_nothing_to_pass_on_leaves_the_input_open():
    nodes = stack("bypass", p=Node("Patch", {"clip": Link("l", 1)}, mode="bypass"))
    assert [problem.code for problem in check(Workflow(nodes), REGISTRY, {})] == ["missing_input"]


@pytest.mark.parametrize("mode", ["mute", "bypass"])
def test_an_unknown_node_that_is_switched_off_is_only_a_warning(mode):
    nodes = stack("run", x=Node("Nowhere", {}, mode=mode))
    assert [(problem.code, problem.severity) for problem in check(Workflow(nodes), REGISTRY, {})] == [
        ("unknown_node", "warning")
    ]


def test_bypassed_nodes_that_go_in_circles_lead_nowhere():
    nodes = {
        "a": Node("Patch", {"model": Link("b")}, mode="bypass"),
        "b": Node("Patch", {"model": Link("a")}, mode="bypass"),
    }
    rewiring = Rewiring(nodes, dict.fromkeys(nodes, REGISTRY["Patch"]))
    assert rewiring.follow(Link("a")) is None


def test_a_bypassed_number_passes_its_linked_input_on():
    nodes = {
        "n": Node("Number"),
        "a": Node("Add", {"a": Link("n"), "b": 2.0}, mode="bypass"),
        "out": Node("Show", {"value": Link("a")}),
    }
    assert link(nodes, name="value") == Link("n", 0)
