import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.stitching import cut_out, part_of, put_back


def spot(height=40, width=60, top=10, left=20, size=6):
    mask = torch.zeros(1, height, width)
    mask[:, top : top + size, left : left + size] = 1
    return mask


def test_the_part_is_what_the_mask_covers_with_padding_around():
    cut = cut_out(torch.rand(1, 40, 60, 3), spot(), padding=3, blur=0, ratio=None)
    assert (cut.left, cut.top, cut.width, cut.height) == (17, 7, 12, 12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 34), st.integers(0, 54), st.integers(0, 20), st.floats(0.3, 3))
def test_the_part_lies_inside_the_picture_and_holds_the_mask(top, left, padding, ratio):
    cut = cut_out(torch.rand(1, 40, 60, 3), spot(top=top, left=left), padding=padding, blur=0, ratio=ratio)
    assert 0 <= cut.left <= left < left + 6 <= cut.left + cut.width <= 60
    assert 0 <= cut.top <= top < top + 6 <= cut.top + cut.height <= 40
    free = cut.width < 60 and cut.height < 40
    assert not free or abs(cut.width - cut.height * ratio) <= max(1, ratio)


def test_putting_back_what_was_cut_out_changes_nothing():
    pixels = torch.randint(0, 256, (2, 40, 60, 3)) / 255
    cut = cut_out(pixels, spot(), padding=3, blur=2, ratio=1.0)
    part, mask = part_of(cut, cut.width, cut.height)
    assert part.shape == (2, cut.height, cut.width, 3)
    assert mask.shape == (2, cut.height, cut.width)
    torch.testing.assert_close(put_back(cut, part), pixels)


def test_outside_the_mask_nothing_changes_bit_for_bit():
    pixels = torch.rand(1, 40, 60, 3)
    cut = cut_out(pixels, spot(), padding=8, blur=0, ratio=None)
    result = put_back(cut, torch.ones(3, 64, 64, 3))
    outside = spot()[0] == 0
    assert all(torch.equal(one[outside], pixels[0][outside]) for one in result)
    assert (result[:, ~outside] == 1).all()


def test_alpha_stays_where_it_was():
    pixels = torch.rand(1, 40, 60, 4)
    cut = cut_out(pixels, spot(), padding=8, blur=0, ratio=None)
    result = put_back(cut, torch.ones(1, 22, 22, 3))
    assert torch.equal(result[..., 3][spot() == 0], pixels[..., 3][spot() == 0])


def test_an_empty_mask_is_refused():
    with pytest.raises(ValueError, match="empty"):
        cut_out(torch.rand(1, 40, 60, 3), torch.zeros(1, 40, 60), padding=8, blur=4, ratio=None)
