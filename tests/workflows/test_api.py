import pytest

from graph.workflow import Link, Node
from workflows.api import links, read_nodes, write_input, write_nodes


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (["4", 0], Link("4", 0)),
        (["4", 1.0], Link("4", 1)),
        (["4", -1], Link("4", -1)),
        (["4", 1.5], ["4", 1.5]),
        (["4", True], ["4", True]),
        (["4", 0, 0], ["4", 0, 0]),
        ({"__value__": ["4", 0]}, ["4", 0]),
        ({"__value__": 1, "more": 2}, {"__value__": 1, "more": 2}),
        (2**70, 2**70),
        (None, None),
    ],
)
def test_an_input_is_a_link_or_a_literal(written, value):
    problems = []
    nodes = read_nodes({"1": {"class_type": "A", "inputs": {"x": written}}}, {}, problems)
    assert nodes["1"].inputs == {"x": value}
    assert problems == []


@pytest.mark.parametrize(
    "value", [Link("4", 2), [1, 2], ["4", 0], {"__value__": [1]}, {"a": 1}, "text", None, 2**70, 0.5]
)
def test_what_is_written_is_read_again(value):
    nodes = {"1": Node("A", {"x": value}, "Title")}
    assert read_nodes(write_nodes(nodes), {}, []) == nodes


def test_a_literal_list_is_wrapped():
    assert write_input(["4", 0]) == {"__value__": ["4", 0]}


def test_links_are_told_from_literals():
    assert list(links(Node("A", {"x": Link("1"), "y": 1}))) == [("x", Link("1"))]
