import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffusion.text.prompt import passages


def read(prompt):
    return [(text, pytest.approx(weight)) for text, weight in passages(prompt)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", []),
        ("a cat", [("a cat", 1.0)]),
        ("a (cat)", [("a ", 1.0), ("cat", 1.1)]),
        ("a (photo) of a ((cat))", [("a ", 1.0), ("photo", 1.1), (" of a ", 1.0), ("cat", 1.21)]),
        ("a (cat:1.3) on", [("a ", 1.0), ("cat", 1.3), (" on", 1.0)]),
        ("(cat:0.4)(dog:0)(owl:-0.5)", [("cat", 0.4), ("dog", 0.0), ("owl", -0.5)]),
        ("(cat: 1.3 )", [("cat", 1.3)]),
        ("()", []),
    ],
)
def test_groups_set_weights(prompt, expected):
    assert read(prompt) == expected


def test_an_inner_number_replaces_the_weight_around_it():
    assert read("(a (b:0.5) c:1.5)") == [("a ", 1.5), ("b", 0.5), (" c", 1.5)]


def test_inner_parentheses_multiply_the_number_around_them():
    assert read("(a (b) c:1.5)") == [("a ", 1.5), ("b", 1.65), (" c", 1.5)]


@pytest.mark.parametrize("prompt", ["(:1.2)", "(cat:)", "(cat:big)", "(cat:nan)", "(cat:inf)", "(cat:1.2:)"])
def test_what_is_no_weight_after_text_stays_text(prompt):
    assert read(prompt) == [(prompt[1:-1], 1.1)]


def test_the_last_colon_counts():
    assert read("(at 10:30:1.2)") == [("at 10:30", 1.2)]


def test_escaped_parentheses_are_letters():
    assert read(r"cat \(animal\) (a\)b:1.2) \(c)(d)") == [
        ("cat (animal) ", 1.0),
        ("a)b", 1.2),
        (" (c)(d)", 1.0),
    ]


def test_brackets_and_braces_are_letters():
    assert read("[a] {b|c} <d:1>") == [("[a] {b|c} <d:1>", 1.0)]


def test_a_parenthesis_never_closed_is_a_letter():
    assert read("a photo (of a cat") == [("a photo ", 1.0), ("(of a cat", 1.0)]
    assert read("a (b (c) d") == [("a ", 1.0), ("(b (c) d", 1.0)]


def test_an_unclosed_group_that_happens_to_end_in_one_closed_is_taken_for_it():
    """As in the ecosystem: the outer parenthesis finds the inner one's partner."""
    assert read("a ((cat)") == [("a ", 1.0), ("(cat", 1.1)]


def test_a_parenthesis_too_many_makes_the_next_opening_one_a_letter():
    assert read("a) b (c) (d)") == [("a) b (c) (d)", 1.0)]
    assert read("a) ((c))") == [("a) (", 1.0), ("c", 1.1), (")", 1.0)]


def test_ten_thousand_parentheses_are_no_trouble():
    depth = 10_000
    assert [text for text, _ in passages("(" * depth)] == ["(" * depth]
    (only,) = passages("(" * 1000 + "cat" + ")" * 1000)
    assert only.text == "cat"


@given(st.text("ab ()\\:.12-", max_size=40))
def test_no_letter_is_lost_or_invented(prompt):
    letters = [c for c in prompt if c in "ab"]
    assert [c for text, _ in passages(prompt) for c in text if c in "ab"] == letters


@given(st.text(st.characters(exclude_characters="()\\"), max_size=40))
def test_a_prompt_without_parentheses_is_itself(prompt):
    assert list(passages(prompt)) == ([(prompt, 1.0)] if prompt else [])
