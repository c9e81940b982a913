import pytest

from nodes.values import boolean, integer, long_text, number, number_list, switch, text, text_list


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
