from typing import Annotated

import pytest

from graph.declare import Choice, node
from graph.workflow import Link, Node

FILES = {"a": "1", "b": "1"}


class Folder:
    def names(self):
        return list(FILES)

    def find(self, name):
        return name if name in FILES else None

    def identity(self, name):
        return FILES[name]


def named(inputs):
    """Like a prompt that names files: only the text says which."""
    return ",".join(f"{name}={FILES[name]}" for name in inputs["text"].split() if name in FILES)


@node("Encode", fingerprint=named)
def encode(clip: float, text: str) -> float:
    return clip + sum(float(FILES.get(name, 0)) for name in text.split())


@node("Eager", fingerprint=lambda inputs: repr(inputs.get("clip")))
def eager(clip: float, text: str = "") -> float:
    return clip


@node("Name")
def name(text: str) -> str:
    return text


@node("Open")
def load(name: Annotated[str, Choice("files")]) -> float:
    return float(FILES[name])


@pytest.fixture(autouse=True)
def registered(bench):
    FILES.update(a="1", b="1")
    bench.choices = {"files": Folder()}
    for function in (encode, eager, name, load):
        bench.registry.add(function.node_type)


def steps(bench, nodes):
    bench.run(nodes)
    return bench.events[0].steps


def test_a_plan_stops_at_the_first_stored_output(bench):
    nodes = {"n": Node("Number"), "a": Node("Add", {"a": Link("n")}), "out": Node("Show", {"value": Link("a")})}
    bench.run(nodes)
    bench.run(nodes | {"out": Node("Show", {"value": Link("a")}), "more": Node("Show", {"value": Link("n")})})
    assert bench.events[0].steps == ("more",)
    assert bench.events[0].cached == {"n", "out"}


def test_a_fingerprint_that_reads_only_what_is_written_is_known_before_the_run(bench):
    nodes = {
        "c": Node("Number"),
        "e": Node("Encode", {"clip": Link("c"), "text": "see a"}),
        "out": Node("Show", {"value": Link("e")}),
    }
    assert bench.shown(nodes) == ["<2>"]
    assert steps(bench, nodes) == ()
    FILES["b"] = "2"
    assert steps(bench, nodes) == ()
    FILES["a"] = "2"
    assert steps(bench, nodes) == ("e", "out")
    assert bench.shown(nodes) == ["<3>"]


def test_a_fingerprint_that_asks_for_what_is_not_at_hand_waits_for_the_run(bench):
    nodes = {"c": Node("Number"), "e": Node("Eager", {"clip": Link("c")}), "out": Node("Show", {"value": Link("e")})}
    bench.run(nodes)
    assert steps(bench, nodes) == ("e", "out") and bench.started == []
    assert steps(bench, nodes) == ()


def test_a_file_named_through_a_link_is_part_of_the_key(bench):
    nodes = {
        "n": Node("Name", {"text": "a"}),
        "l": Node("Open", {"name": Link("n")}),
        "out": Node("Show", {"value": Link("l")}),
    }
    assert bench.shown(nodes) == ["<1>"]
    bench.run(nodes)
    assert steps(bench, nodes) == ()
    FILES["a"] = "2"
    assert bench.shown(nodes) == ["<2>"]


def test_a_name_that_comes_through_a_link_and_is_not_there_fails_its_node(bench):
    nodes = {
        "n": Node("Name", {"text": "zebra"}),
        "l": Node("Open", {"name": Link("n")}),
        "out": Node("Show", {"value": Link("l")}),
    }
    assert bench.run(nodes).failures["l"].message == "'name': there is no 'zebra' among 'a', 'b'"
