import torch

from diffusion.text.weighting import move_from_empty, scale_keeping_mean

HIDDEN = torch.arange(24.0).reshape(2, 3, 4) + 1
EMPTY = torch.ones(3, 4)


def weights(*values):
    return torch.tensor(values).reshape(-1, 3, 1)


def test_weight_one_changes_no_bit():
    ones = weights(1.0, 1, 1, 1, 1, 1)
    assert move_from_empty(HIDDEN, ones, EMPTY).equal(HIDDEN)
    assert scale_keeping_mean(HIDDEN, ones, EMPTY).equal(HIDDEN)


def test_weight_zero_is_the_empty_prompt():
    moved = move_from_empty(HIDDEN, weights(0.0, 1, 1, 1, 1, 0), EMPTY)
    assert moved[0, 0].equal(EMPTY[0])
    assert moved[1, 2].equal(EMPTY[2])
    assert moved[0, 1:].equal(HIDDEN[0, 1:])


def test_scaling_keeps_each_chunks_mean():
    scaled = scale_keeping_mean(HIDDEN, weights(1.0, 2, 1, 0.5, 1, 1), EMPTY)
    torch.testing.assert_close(scaled.mean((1, 2)), HIDDEN.mean((1, 2)))
    torch.testing.assert_close(scaled[0, 1] / scaled[0, 0], 2 * HIDDEN[0, 1] / HIDDEN[0, 0])
