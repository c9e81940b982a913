import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffusion.text.editing import editions, text_at


def shown(prompt, steps=10):
    """The text at each step."""
    return [text for step in range(steps) for text, at in editions(prompt, steps) if step in at]


def test_a_prompt_without_edits_is_one_edition_for_all_steps():
    assert editions("a (cat:1.2), [dog]", 10) == [("a (cat:1.2), [dog]", tuple(range(10)))]


def test_one_thing_becomes_another_after_a_step():
    assert shown("a [cat:dog:5] here") == ["a cat here"] * 6 + ["a dog here"] * 4


def test_a_number_with_a_point_is_a_fraction_of_all_steps():
    assert shown("[cat:dog:0.25]", 20) == ["cat"] * 6 + ["dog"] * 14
    assert shown("[cat:dog:.5]", 10) == ["cat"] * 6 + ["dog"] * 4


def test_something_is_added_later():
    assert shown("a[ red:3] cat") == ["a cat"] * 4 + ["a red cat"] * 6


def test_something_is_taken_away_later():
    assert shown("a[ red::3] cat") == ["a red cat"] * 4 + ["a cat"] * 6


def test_a_step_after_the_last_never_comes_and_step_0_is_at_once():
    assert shown("[cat:dog:99]") == ["cat"] * 10
    assert shown("[cat:dog:0]") == ["dog"] * 10


def test_alternatives_take_turns_the_first_one_twice_at_the_start():
    assert shown("a [cat|dog|owl]", 7) == [f"a {x}" for x in ("cat", "cat", "dog", "owl", "cat", "dog", "owl")]
    assert shown("[cat|]", 4) == ["cat", "cat", "", "cat"]


def test_edits_nest():
    assert shown("[a [b|c]:d:2]", 5) == ["a b", "a b", "a c", "d", "d"]
    assert shown("[[a:b:1]:c:3]", 5) == ["a", "a", "b", "b", "c"]


def test_marks_inside_parentheses_belong_to_them():
    assert shown("[(a:1.2):(b|c:0.8):1]", 3) == ["(a:1.2)", "(a:1.2)", "(b|c:0.8)"]


@pytest.mark.parametrize(
    "prompt",
    [
        "[cat]",
        "[cat:dog]",
        "[a:b:c:5]",
        "[a|b:5]",
        "[a:-1]",
        "a | b : c",
        r"\[a:b:5\]",
        "[a:b:5",
        "a:b:5]",
        "[a (b:5]",
        "()",
    ],
)
def test_what_has_no_such_form_stays_as_it_is(prompt):
    assert shown(prompt, 3) == [prompt] * 3


def test_an_edit_inside_something_left_open_still_works():
    assert text_at("(a [b:c:1]", 2, 3) == "(a c"


@given(st.text("ab[]():|1.\\ ", max_size=30), st.integers(1, 12))
def test_every_step_has_exactly_one_text(prompt, steps):
    assert sorted(step for _, at in editions(prompt, steps) for step in at) == list(range(steps))
