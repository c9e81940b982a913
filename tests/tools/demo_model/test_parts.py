"""Optimizer, vocabulary, tokenizer, noise and styles: small promises each."""

import numpy as np
import pytest
import torch

from tools.demo_model.attention import narrow_attention
from tools.demo_model.diffusion_math import loss_weights, signal_shares, spread_times
from tools.demo_model.optimizer import orthogonal
from tools.demo_model.pictures import draw_examples
from tools.demo_model.styles import STYLES
from tools.demo_model.tokenizer import token_ids
from tools.demo_model.vocabulary import UNKNOWN_ROWS, Vocabulary


def test_orthogonal_brings_singular_values_near_one():
    torch.manual_seed(0)
    for matrix in orthogonal([torch.randn(16, 48), torch.randn(48, 16), torch.randn(32, 32)]):
        values = torch.linalg.svdvals(matrix)
        assert values.min() > 0.3
        assert values.max() < 1.3


def test_the_tokenizer_gives_the_ids_of_clip():
    ids = token_ids(["a red circle left of a blue star"])[0]
    assert ids[:10].tolist() == [49406, 320, 736, 7117, 1823, 539, 320, 1746, 1565, 49407]
    assert ids.shape == (77,)
    assert set(ids[10:].tolist()) == {49407}


def test_known_words_keep_their_row_and_unknown_ones_stay_distinct():
    words = Vocabulary.of(torch.tensor([[320, 736]]))
    trained = torch.arange(words.rows * 8.0).reshape(words.rows, 8) + 10
    table = words.full_table(trained)
    assert torch.equal(table[736], trained[words.row_of[736]])
    unknown = table[1000:1100]
    assert unknown.abs().max() < 0.11
    assert len({tuple(row) for row in unknown.tolist()}) > 30
    assert words.compact(torch.tensor([5000])) < UNKNOWN_ROWS


def test_a_disturbed_caption_keeps_its_words_in_order():
    words = Vocabulary.of(torch.tensor([[320, 736]]))
    ids = words.compact(token_ids(["a red"]))
    disturbed = words.disturbed(ids, seed=0)[0].tolist()
    known = [row for row in disturbed[: disturbed.index(words.end)] if row >= UNKNOWN_ROWS]
    assert known == ids[0, :3].tolist()
    assert disturbed.index(words.end) > 3


def test_times_are_spread_over_the_whole_range():
    times = spread_times(10, torch.Generator().manual_seed(0))
    assert sorted(int(time) // 100 for time in times) == list(range(10))
    assert signal_shares()[0] > 0.99
    assert signal_shares()[-1] < 0.01
    assert loss_weights().mean() == pytest.approx(1, abs=1e-5)


def test_narrow_attention_is_softmax_attention():
    torch.manual_seed(0)
    query, key, value = torch.randn(2, 5, 8), torch.randn(2, 7, 8), torch.randn(2, 7, 8)
    heads = [slice(0, 4), slice(4, 8)]
    parts = [torch.softmax(query[..., h] @ key[..., h].mT / 2, -1) @ value[..., h] for h in heads]
    torch.testing.assert_close(narrow_attention(query, key, value, 2), torch.cat(parts, -1))


@pytest.mark.parametrize("name", STYLES)
def test_a_styled_picture_scores_higher_than_the_plain_one(name):
    style, score = STYLES[name]
    pictures, _, _ = draw_examples(12, 128, 8)
    assert np.mean([score(style(picture)) for picture in pictures]) > np.mean([score(p) for p in pictures]) + 0.1
