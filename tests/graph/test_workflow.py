import pytest

from graph.workflow import Link, Node, read_input, read_node


def test_a_node_of_the_public_format_is_read():
    entry = {"class_type": "Add", "inputs": {"a": ["4", 1], "b": {"__value__": ["4", 1]}, "c": [1, 2]}}
    assert read_node(entry) == Node("Add", {"a": Link("4", 1), "b": ["4", 1], "c": [1, 2]})


def test_a_node_that_is_one_already_stays_itself():
    placed = Node("Add", {"a": 1})
    assert read_node(placed) is placed


@pytest.mark.parametrize("entry", [{}, [], {"class_type": 3}, {"class_type": "Add", "inputs": []}, None])
def test_what_is_no_node_is_refused(entry):
    with pytest.raises(ValueError):
        read_node(entry)


@pytest.mark.parametrize("value", [["4"], ["4", 1, 2], [4, 1], ["4", True], ["4", 1.0], {"__value__": 1, "more": 2}])
def test_what_only_resembles_a_link_is_a_literal(value):
    assert read_input(value) is value
