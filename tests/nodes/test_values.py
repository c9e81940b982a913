import pytest

from graph.executor import Executor
from graph.graph import resolve
from graph.registry import Registry
from nodes import builtin
from nodes.values import boolean, integer, long_text, note, number, number_list, reroute, switch, text, text_list
from workflows.document import read_document


def test_plain_values_pass_through():
    assert (integer(2**64 - 1), number(0.5), text("a"), long_text("a\nb"), boolean(True)) == (
        2**64 - 1,
        0.5,
        "a",
        "a\nb",
        True,
    )


def test_numbers_are_read_with_commas_or_spaces():
    assert number_list("-1, 0 0.5,1e1") == [-1.0, 0.0, 0.5, 10.0]


def test_what_is_no_number_is_named():
    with pytest.raises(ValueError, match="half"):
        number_list("0, half, 1")


def test_a_list_of_texts_has_one_a_line_without_the_empty_ones():
    assert text_list("a cat\n\n  a dog \n") == ["a cat", "a dog"]


def test_a_switch_asks_for_the_wire_it_takes_and_no_other():
    assert list(switch.node_type.needs({"switch": True})) == ["on_true"]
    assert list(switch.node_type.needs({"switch": False})) == ["on_false"]
    assert switch(True, on_true="yes") == "yes"
    assert switch(False, on_false="no") == "no"


@pytest.mark.parametrize("name", ["", "value", "*"])
def test_a_workflow_with_reroutes_and_notes_runs(name):
    document = read_document(
        {
            "1": {"class_type": "PrimitiveInt", "inputs": {"value": 5}},
            "2": {"class_type": "Reroute", "inputs": {name: ["1", 0]}},
            "3": {"class_type": "Reroute", "inputs": {name: ["2", 0]}},
            "4": {"class_type": "MathExpression", "inputs": {"expression": "a * 2", "a": ["3", 0]}},
            "5": {"class_type": "Note", "inputs": {"": "words"}},
            "6": {"class_type": "MarkdownNote", "inputs": {}},
        }
    )
    graph = resolve(document.workflow, Registry(*builtin()), {}, targets=["4"])
    result = Executor().run(graph)
    assert result.value("4") == 10
    assert not {"5", "6"} & set(result.ran)


def test_a_note_is_nothing_to_run_a_workflow_for():
    assert not note.node_type.spec.is_target
    assert note("words") is None
    assert reroute(note) is note
