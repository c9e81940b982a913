import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffusion.text.emphasis import emphasized


def read(prompt):
    return [[(text, pytest.approx(weight)) for text, weight in section] for section in emphasized(prompt)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", []),
        ("a cat", [("a cat", 1.0)]),
        ("a (cat)", [("a ", 1.0), ("cat", 1.1)]),
        ("a [cat]", [("a ", 1.0), ("cat", 1 / 1.1)]),
        ("a (cat:1.3) on", [("a ", 1.0), ("cat", 1.3), (" on", 1.0)]),
        ("(cat: .5 ) (dog:-2)", [("cat", 0.5), (" ", 1.0), ("dog", -2.0)]),
        ("((cat:2))", [("cat", 2.2)]),
        ("(a (b:0.5) c:1.5)", [("a ", 1.5), ("b", 0.75), (" c", 1.5)]),
        ("([cat])", [("cat", 1.0)]),
    ],
)
def test_brackets_multiply(prompt, expected):
    assert read(prompt) == [expected]


def test_what_is_left_open_acts_to_the_end():
    assert read("a (b (c") == [[("a ", 1.0), ("b ", 1.1), ("c", 1.21)]]
    assert read("a [b") == [[("a ", 1.0), ("b", 1 / 1.1)]]


def test_what_closes_nothing_is_a_letter():
    assert read("a) b] c:1.2)") == [[("a) b] c:1.2)", 1.0)]]


def test_both_kinds_may_overlap():
    assert read("(a [b) c]") == [[("a ", 1.1), ("b", 1.0), (" c", 1 / 1.1)]]


def test_a_weight_belongs_to_parentheses_only():
    assert read("[cat:1.3)") == [[("cat:1.3)", 1 / 1.1)]]


def test_what_is_no_number_is_text():
    assert read("(cat:1.2.3)") == [[("cat:1.2.3", 1.1)]]


def test_escaped_marks_are_letters_and_other_backslashes_go():
    assert read(r"a \(cat\) \[x\] \\ \o/") == [[(r"a (cat) [x] \ o/", 1.0)]]


def test_break_begins_a_section_and_swallows_the_space_around_it():
    assert read("a cat BREAK (a dog:1.2)BREAK") == [[("a cat", 1.0)], [("a dog", 1.2)], []]
    assert read("BREAKFAST OUTBREAK break") == [[("BREAKFAST OUTBREAK break", 1.0)]]


def test_break_inside_parentheses_keeps_the_weight_on_both_sides():
    assert read("(a BREAK b:1.2)") == [[("a", 1.2)], [("b", 1.2)]]


@given(st.text(st.characters(exclude_characters="()[]\\:"), max_size=40).filter(lambda text: "BREAK" not in text))
def test_a_prompt_without_marks_is_itself(prompt):
    assert read(prompt) == [[(prompt, 1.0)] if prompt else []]
