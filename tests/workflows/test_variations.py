import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.variations import undecided, varied


def test_every_option_is_chosen_by_some_seed_and_always_by_the_same():
    chosen = {varied("a {red|blue} {circle|square}", seed) for seed in range(40)}
    assert chosen == {"a red circle", "a red square", "a blue circle", "a blue square"}
    assert varied("{1|2|3|4|5|6}", 2**64 - 1) == varied("{1|2|3|4|5|6}", 2**64 - 1)


def test_options_hold_options():
    assert {varied("{a|{b|c} d}!", seed) for seed in range(40)} == {"a!", "b d!", "c d!"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no braces", "no braces"),
        ("{one}", "one"),
        ("{}", ""),
        (r"\{a\|b\}", "{a|b}"),
        ("a | b", "a | b"),
        ("open {a|b", "open {a|b"),
        ("close } it", "close } it"),
        ("{a|b {c}", "{a|b c"),
        (r"(back\slash:1.2)", r"(back\slash:1.2)"),
    ],
)
def test_marks_without_a_partner_are_letters(text, said):
    assert varied(text, 1) == said


@given(st.text(alphabet="ab{}|\\", max_size=60), st.integers(0, 2**64 - 1))
def test_any_text_can_be_read(text, seed):
    assert varied(text, seed) == varied(text, seed)


def test_deep_braces_are_no_trouble():
    assert varied("{" * 5000 + "a" + "}" * 5000, 1) == "a"


def test_a_prompt_that_leaves_something_to_choose_is_a_warning():
    [(name, sentence)] = undecided({"text": "a {red|blue} circle"})
    assert name == "text"
    assert "{red|blue}" in sentence
    assert "PromptVariations" in sentence
    assert undecided({"text": "a {red} circle"}) == undecided({"text": None}) == []
    assert undecided({"text": r"a \{red|blue} circle"}) == []
