from hypothesis import given
from hypothesis import strategies as st

from diffusion.handle import FileRef
from diffusion.text.chunks import ROOM, Piece, Vector, chunks
from diffusion.text.tokenizer import END, START

STYLE = FileRef("embeddings/style.pt", "1")


def words(chunk):
    return list(chunk.tokens[1 : chunk.end])


def test_no_text_is_one_chunk_of_ends():
    (only,) = chunks([])
    assert only.tokens == (START,) + (END,) * 76
    assert only.weights == (1.0,) * 77
    assert only.end == 1


def test_tokens_keep_their_weights_and_the_rest_weighs_one():
    (only,) = chunks([Piece([5, 6], 1.2), Piece([7], -0.5)])
    assert only.tokens[:5] == (START, 5, 6, 7, END)
    assert only.weights[:5] == (1.0, 1.2, 1.2, -0.5, 1.0)
    assert only.end == 4


def test_seventy_five_tokens_fill_one_chunk():
    (only,) = chunks([Piece(range(75))])
    assert only.end == 76
    assert only.tokens[-1] == END


def test_a_long_piece_is_cut_where_the_chunk_is_full():
    first, second = chunks([Piece(range(70)), Piece(range(100, 108), 1.3)])
    assert words(first)[70:] == [100, 101, 102, 103, 104]
    assert words(second) == [105, 106, 107]
    assert second.weights[1:5] == (1.3, 1.3, 1.3, 1.0)


def test_a_short_piece_that_does_not_fit_begins_the_next_chunk():
    first, second = chunks([Piece(range(70)), Piece(range(100, 107), 1.3)])
    assert words(first) == list(range(70))
    assert first.tokens[71:] == (END,) * 6
    assert words(second) == list(range(100, 107))


def test_the_tail_of_a_long_piece_goes_on_being_cut():
    assert [chunk.end - 1 for chunk in chunks([Piece(range(160))])] == [75, 75, 10]


def test_a_textual_inversion_of_few_vectors_stays_whole_at_the_edge():
    vectors = [Vector(STYLE, row) for row in range(3)]
    first, second = chunks([Piece(range(73)), Piece(vectors, 0.8)])
    assert words(first) == list(range(73))
    assert words(second) == vectors


@given(st.lists(st.tuples(st.integers(0, 200), st.floats(-2, 2)), max_size=8))
def test_every_token_is_laid_once_in_order_with_its_weight(sizes):
    pieces = [
        Piece([number * 1000 + place for place in range(size)], weight) for number, (size, weight) in enumerate(sizes)
    ]
    laid = chunks(pieces)
    assert [token for chunk in laid for token in words(chunk)] == [token for piece in pieces for token in piece.tokens]
    assert [weight for chunk in laid for weight in chunk.weights[1 : chunk.end]] == [
        piece.weight for piece in pieces for _ in piece.tokens
    ]
    assert all(len(chunk.tokens) == len(chunk.weights) == ROOM + 2 for chunk in laid)
