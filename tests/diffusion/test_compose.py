import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.compose import MODES, blend, composite, fade, joined, paste, same_channels


def test_what_is_pasted_shows_and_the_rest_stays():
    under, over = torch.zeros(2, 1, 4, 4), torch.ones(1, 1, 2, 2)
    result = paste(under, over, 1, 2)
    assert result.sum() == 8
    assert (result[:, :, 2:4, 1:3] == 1).all()
    assert not under.any()  # the original is not touched


def test_what_reaches_beyond_the_edge_is_cut_off():
    under, over = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 3, 3)
    assert paste(under, over, 3, 2).sum() == 2
    assert not paste(under, over, 4, 0).any()


def test_a_mask_says_how_much_shows():
    result = paste(torch.zeros(1, 1, 1, 2), torch.ones(1, 1, 1, 2), 0, 0, torch.tensor([0.25, 1.0]).view(1, 1, 1, 2))
    assert result.flatten().tolist() == [0.25, 1.0]


def test_pictures_of_other_channels_are_not_pasted():
    with pytest.raises(ValueError, match=r"3 channels .* 4"):
        paste(torch.zeros(1, 4, 2, 2), torch.zeros(1, 3, 2, 2), 0, 0)


def test_a_side_fades_over_so_many_pixels():
    assert fade(1, 4, left=2)[0].tolist() == [0.5, 1, 1, 1]
    assert fade(1, 4, right=4)[0].tolist() == [1, 0.75, 0.5, 0.25]
    assert fade(4, 1, top=2, bottom=2)[:, 0].tolist() == [0.5, 1, 1, 0.5]


def test_channels_that_are_added_are_opaque():
    assert same_channels(torch.zeros(1, 1, 1, 3), 4).flatten().tolist() == [0, 0, 0, 1]
    assert same_channels(torch.zeros(1, 1, 1, 4), 3).shape[-1] == 3


def test_a_picture_without_alpha_goes_onto_one_that_has_it():
    result = composite(torch.zeros(1, 2, 2, 4), torch.ones(1, 1, 1, 3), 1, 1)
    assert result[0, 1, 1].tolist() == [1, 1, 1, 1]
    assert not result[0, 0].any()


def test_a_picture_is_stretched_when_asked():
    assert composite(torch.zeros(1, 4, 4, 3), torch.ones(1, 1, 2, 3), 0, 0, stretch=True).min() == 1


def test_batches_are_joined_at_the_size_of_the_first():
    both = joined(torch.zeros(2, 4, 6, 3), torch.ones(1, 9, 9, 4))
    assert both.shape == (3, 4, 6, 4)
    assert both[:2, ..., 3].min() == 1  # what had no alpha is opaque


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(MODES)), st.floats(0, 1), st.integers(0, 2**32))
def test_a_blend_of_nothing_is_the_first_and_no_blend_leaves_the_range(mode, share, seed):
    generator = torch.Generator().manual_seed(seed)
    below, above = (torch.rand(1, 3, 4, 3, generator=generator) for _ in range(2))
    assert torch.equal(blend(below, above, 0, mode), below)
    result = blend(below, above, share, mode)
    assert result.min() >= 0
    assert result.max() <= 1


def test_blend_modes_at_known_colors():
    black, grey, white = (torch.full((1, 1, 1, 3), value) for value in (0.0, 0.5, 1.0))

    def mixed(mode, below, above):
        return blend(below, above, 1, mode)[0, 0, 0, 0].item()

    assert mixed("normal", black, white) == 1
    assert mixed("multiply", grey, grey) == 0.25
    assert mixed("screen", grey, grey) == 0.75
    assert mixed("overlay", white, black) == 1
    assert mixed("soft_light", grey, grey) == 0.5
    assert mixed("difference", black, white) == mixed("difference", white, black) == 1


def test_one_picture_is_blended_with_each_of_a_batch():
    assert blend(torch.zeros(1, 2, 2, 3), torch.ones(3, 4, 4, 3), 0.5, "normal").shape == (3, 2, 2, 3)
