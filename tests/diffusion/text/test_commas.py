from hypothesis import given
from hypothesis import strategies as st

from diffusion.handle import FileRef
from diffusion.text.chunks import Piece, Vector
from diffusion.text.commas import chunks_at_commas
from diffusion.text.tokenizer import tokenize

(COMMA,) = tokenize(",")
STYLE = FileRef("embeddings/style.pt", "1")


def lengths(*sections):
    return [chunk.end - 1 for chunk in chunks_at_commas([[Piece(tokens)] for tokens in sections])]


def row(length, *commas):
    """So many tokens, with commas at some places."""
    return [COMMA if place in commas else 5 for place in range(length)]


def test_no_text_is_one_empty_chunk():
    assert lengths([]) == [0]


def test_a_full_chunk_without_a_comma_is_cut_at_its_end():
    assert lengths(row(100)) == [75, 25]


def test_a_full_chunk_is_cut_after_its_last_comma():
    assert lengths(row(100, 20, 60)) == [61, 39]


def test_a_comma_counts_among_the_last_twenty_tokens():
    assert lengths(row(100, 55)) == [56, 44]
    assert lengths(row(100, 54)) == [75, 25]


def test_a_comma_that_comes_next_begins_the_next_chunk():
    assert lengths(row(100, 70, 75)) == [75, 25]


def test_exactly_full_is_left_alone():
    assert lengths(row(75, 70)) == [75]


def test_weights_move_with_their_tokens():
    first, second = chunks_at_commas([[Piece(row(70, 65), 1.2), Piece(row(10), 0.5)]])
    assert first.end - 1 == 66
    assert first.weights[1:67] == (1.2,) * 66
    assert second.weights[1:15] == (1.2,) * 4 + (0.5,) * 10


def test_every_section_begins_a_chunk():
    assert lengths(row(3), row(80), row(2)) == [3, 75, 5, 2]
    assert lengths([], row(2)) == [0, 2]
    assert lengths(row(2), [], row(2)) == [2, 0, 2]


def test_a_break_at_the_very_end_makes_no_chunk():
    assert lengths(row(2), []) == [2]


def test_a_textual_inversion_is_not_cut():
    vectors = [Vector(STYLE, number) for number in range(6)]
    first, second = chunks_at_commas([[Piece(row(72)), Piece(vectors), Piece(row(1))]])
    assert first.end - 1 == 72
    assert list(second.tokens[1:7]) == vectors


def test_one_longer_than_a_chunk_fills_chunks():
    vectors = [Vector(STYLE, number) for number in range(80)]
    assert lengths([*vectors]) == [75, 5]


@given(st.lists(st.lists(st.sampled_from([COMMA, 5, 6, 7]), max_size=120), min_size=1, max_size=3))
def test_every_token_is_laid_once_in_order(sections):
    laid = chunks_at_commas([[Piece(tokens)] for tokens in sections])
    assert [t for chunk in laid for t in chunk.tokens[1 : chunk.end]] == [t for tokens in sections for t in tokens]
