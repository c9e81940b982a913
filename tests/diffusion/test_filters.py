import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.filters import bayer, blur, gaussian, quantize, sharpen, smooth


def test_the_weights_of_a_blur_are_a_bell():
    weights = gaussian(2, 1.0)
    assert weights.sum() == pytest.approx(1)
    assert torch.equal(weights, weights.flip(0))
    assert weights[2] / weights[1] == pytest.approx(numpy.exp(0.5), rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 1), st.integers(1, 6), st.floats(0.1, 10))
def test_an_even_picture_stays_even(value, radius, sigma):
    pixels = torch.full((1, 8, 9, 3), value)
    torch.testing.assert_close(blur(pixels, radius, sigma), pixels, atol=1e-5, rtol=0)
    torch.testing.assert_close(sharpen(pixels, radius, sigma, 1.0), pixels, atol=1e-4, rtol=0)


def test_a_blurred_point_is_the_product_of_two_bells():
    pixels = torch.zeros(1, 7, 7, 1)
    pixels[0, 3, 3] = 1
    bell = gaussian(2, 1.0)
    torch.testing.assert_close(blur(pixels, 2, 0.5)[0, 1:6, 1:6, 0], torch.outer(bell, bell))


def test_sharpening_by_nothing_changes_nothing():
    pixels = torch.rand(1, 8, 8, 3)
    assert torch.equal(sharpen(pixels, 2, 1.0, 0.0), pixels)


def test_a_picture_smaller_than_the_blur_is_refused():
    with pytest.raises(ValueError, match=r"9×4 .* 5"):
        blur(torch.rand(1, 4, 9, 3), 5, 1.0)


def test_a_border_can_be_carried_on():
    assert smooth(torch.ones(1, 1, 2, 2), gaussian(5, 2.0), "replicate") == pytest.approx(1)


@pytest.mark.parametrize("dither", ["none", "floyd-steinberg", "bayer-2", "bayer-16"])
def test_only_so_many_colors_are_left(dither):
    ramp = torch.linspace(0, 1, 64).view(1, 1, 64, 1).repeat(1, 16, 1, 3)
    few = quantize(ramp, 4, dither)
    assert few.shape == ramp.shape
    assert len(few.reshape(-1, 3).unique(dim=0)) <= 4
    assert (few.mean() - ramp.mean()).abs() < 0.05


def test_dithering_mixes_colors_that_are_not_there():
    grey = torch.linspace(0, 1, 256).view(1, 1, 256, 1).repeat(1, 32, 1, 3)
    plain, pattern = (quantize(grey, 2, dither) for dither in ("none", "bayer-4"))
    assert (plain[0, :, 100] == plain[0, 0, 100]).all()
    assert len(pattern[0].reshape(-1, 3).unique(dim=0)) == 2
    assert len(pattern[0, :, 100].unique(dim=0)) == 2


def test_as_many_colors_as_there_are_change_nothing():
    pixels = torch.zeros(1, 8, 8, 3)
    pixels[:, :4] = torch.tensor([1.0, 0.0, 0.0])
    torch.testing.assert_close(quantize(pixels, 2, "none"), pixels)


def test_bayers_matrix_has_every_rank_once():
    ranks = numpy.sort((bayer(4) * 16 + 7.5).ravel())
    assert ranks.tolist() == list(range(16))
    assert (bayer(2)[..., 0] * 4 + 1.5).tolist() == [[0, 2], [3, 1]]
