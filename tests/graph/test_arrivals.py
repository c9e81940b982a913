from typing import Annotated, Any, ClassVar, Literal

import pytest

from graph.declare import Lazy, Range, node
from graph.events import NodeWarned
from graph.workflow import Link, Node


class Model:
    socket: ClassVar[str] = "MODEL"


class Prompt:
    socket: ClassVar[str] = "PROMPT"


@node("Anything")
def anything(value: Any) -> Any:
    """Pass it on."""
    return value


@node("Prompt")
def prompt() -> Prompt:
    """A prompt."""
    return Prompt()


@node("Load")
def load(model: Model) -> float:
    """Take a model."""
    return 1.0


@node("Bounded")
def bounded(
    count: Annotated[int, Range(1, 10)] = 1,
    mode: Literal["fast", "good"] = "fast",
    share: Annotated[float, Range(0, 1)] = 0.0,
) -> float:
    """Have bounds."""
    return count + share


@node("All")
def gather(counts: list[Annotated[int, Range(1, 10)]]) -> float:
    """Have bounds for each of a list."""
    return float(sum(counts))


@node("Later", needs=lambda inputs: ["count"])
def later(count: Lazy[Annotated[int, Range(1, 10)]] = 1) -> float:
    """Have bounds for what is asked for."""
    return float(count)


@pytest.fixture
def said(bench):
    """What a node says of a value that comes to one of its inputs through a link."""
    for function in (anything, prompt, load, bounded, gather, later):
        bench.registry.add(function.node_type)

    def run(kind, name, value, source=None):
        nodes = {
            "1": source or Node("Anything", {"value": value}),
            "2": Node(kind, {name: Link("1")}),
            "out": Node("Show", {"value": Link("2")}),
        }
        result = bench.run(nodes)
        return result.failures["2"].message if "2" in result.failures else str(result.artifacts["out"][0])

    return run


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("count", 0, "'count' must be between 1 and 10, not 0; it comes from node '1'"),
        ("count", "many", "'count' must be an integer, not 'many'; it comes from node '1'"),
        ("share", 1.5, "'share' must be between 0 and 1, not 1.5; it comes from node '1'"),
    ],
)
def test_a_value_out_of_bounds_is_refused_before_its_node_runs(said, bench, name, value, sentence):
    assert said("Bounded", name, value) == sentence
    assert "2" not in bench.started


def test_an_option_that_there_is_not_is_refused(said):
    assert "'mode'" in said("Bounded", "mode", "slow")
    assert "fast" in said("Bounded", "mode", "slow")


def test_a_value_with_a_plain_meaning_is_taken_and_said(said, bench):
    assert said("Bounded", "count", "7") == "<7>"
    assert [event.message for event in bench.of(NodeWarned)] == ["'count' must be an integer; '7' was taken as 7"]


def test_every_value_of_a_list_is_looked_at(said):
    numbers = Node("Range", {"length": 3, "start": 9})
    assert said("All", "counts", None, numbers).startswith("'counts' must be between 1 and 10, not 11")


def test_a_lazy_input_is_looked_at_when_it_has_come(said):
    assert said("Later", "count", 11).startswith("'count' must be between 1 and 10, not 11")
    assert said("Later", "count", 3) == "<3>"


def test_what_was_passed_on_without_a_type_is_refused_where_it_does_not_fit(said, bench):
    nodes = {
        "0": Node("Prompt"),
        "1": Node("Anything", {"value": Link("0")}),
        "2": Node("Load", {"model": Link("1")}),
        "out": Node("Show", {"value": Link("2")}),
    }
    assert bench.run(nodes).failures["2"].message == "'model' takes MODEL, not the PROMPT that comes from node '1'"
