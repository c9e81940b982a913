import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.errors import UnreadableFile
from nodes.text import (
    add_styles,
    compare,
    concatenate,
    contains,
    convert_case,
    extract,
    length,
    matches,
    replace,
    replace_pattern,
    substring,
    trim,
    vary,
)
from workflows.outputs import InputFolder


@settings(max_examples=30, deadline=None)
@given(st.text(), st.text(min_size=1))
def test_texts_are_put_together_and_taken_apart(a, b):
    both = concatenate(a, b, "–")
    assert length(both) == length(a) + 1 + length(b)
    assert substring(both, 0, len(a)) == a
    assert substring(both, -len(b), len(both)) == b
    assert contains(both, a)
    assert compare(both, a, "Starts With")
    assert compare(both, b, "Ends With")
    assert not compare(both, a, "Equal")


def test_case_is_told_apart_or_not():
    assert not contains("A red fox", "RED")
    assert contains("A red fox", "RED", case_sensitive=False)
    assert compare("Fox", "fox", "Equal", case_sensitive=False)


def test_a_text_is_written_in_other_letters():
    written = [convert_case("a RED fox", mode) for mode in ("UPPERCASE", "lowercase", "Capitalize", "Title Case")]
    assert written == ["A RED FOX", "a red fox", "A red fox", "A Red Fox"]


def test_ends_are_trimmed():
    assert [trim(" a\n", mode) for mode in ("Both", "Left", "Right")] == ["a", "a\n", " a"]


def test_words_and_patterns_are_replaced():
    assert replace("a.b.c", ".", "-") == "a-b-c"
    assert replace_pattern("cat, dog", r"(\w+), (\w+)", r"\2, \1") == "dog, cat"
    assert replace_pattern("aAa", "a", "b", case_insensitive=False) == "bAb"
    assert replace_pattern("aaa", "a", "b", count=2) == "bba"


def test_patterns_are_found():
    assert matches("a Fox", "fox$")
    assert not matches("a Fox", "fox$", case_insensitive=False)
    assert matches("a\nb", "^b", multiline=True)
    assert matches("a\nb", "a.b", dotall=True)


def test_what_a_pattern_finds_is_taken_out():
    text = "seed 12, seed 34"
    assert extract(text, r"seed (\d+)") == "seed 12"
    assert extract(text, r"seed (\d+)", "All Matches") == "seed 12\nseed 34"
    assert extract(text, r"seed (\d+)", "First Group") == "12"
    assert extract(text, r"seed (\d+)", "All Groups") == "12\n34"
    assert extract(text, "nothing") == ""


def test_a_pattern_that_is_none_is_named():
    with pytest.raises(ValueError, match="no regular expression"):
        matches("a", "(")
    with pytest.raises(ValueError, match=r"group 2, .* has 1"):
        extract("a", "(a)", "First Group", group_index=2)
    with pytest.raises(ValueError, match="cannot replace"):
        replace_pattern("a", "a", r"\7")


STYLES = 'name,prompt,negative_prompt\r\nfilm,"photo of {prompt}, grain",cartoon\r\nlate,at night,\r\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "styles.csv").write_text("\ufeff" + STYLES, encoding="utf-8")
    return InputFolder(tmp_path)


def test_styles_are_added_in_order(folder):
    styled = add_styles(folder, "styles.csv", "film, late", "a cat", "blurry")
    assert styled == ("photo of a cat, grain, at night", "blurry, cartoon")
    assert add_styles(folder, "styles.csv", "", "a cat", "blurry") == ("a cat", "blurry")
    assert add_styles(folder, "styles.csv", "late") == ("at night", "")


def test_a_style_that_is_not_there_is_named_with_those_that_are(folder):
    with pytest.raises(ValueError, match=r"styles\.csv .*'noir'.*film, late"):
        add_styles(folder, "styles.csv", "noir")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n"])
def test_a_file_that_holds_no_styles_is_refused(tmp_path, content):
    (tmp_path / "styles.csv").write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"styles\.csv"):
        add_styles(InputFolder(tmp_path), "styles.csv", "film")


def test_a_seed_chooses_and_the_node_says_what(heard):
    chosen = vary(heard, "a {red|blue} circle", 1)
    assert chosen in ("a red circle", "a blue circle")
    assert heard.warnings == [f"The prompt is: {chosen}"]
