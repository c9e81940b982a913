import pytest
import torch

from diffusion.image import Image
from nodes.image_filters import blend, blur, find_edges, quantize, sharpen

IMAGE = Image(torch.rand(1, 16, 16, 3, generator=torch.Generator().manual_seed(0)))


def test_blending_by_nothing_changes_nothing():
    other = Image(torch.rand(1, 5, 9, 3))
    assert torch.equal(blend(IMAGE, other, 0.0, "overlay").pixels, IMAGE.pixels)
    torch.testing.assert_close(blend(IMAGE, IMAGE, 0.4, "normal").pixels, IMAGE.pixels)


def test_a_blur_takes_contrast_away_and_sharpening_adds_it():
    assert blur(IMAGE, 2, 1.0).pixels.std() < IMAGE.pixels.std() < sharpen(IMAGE, 1, 1.0, 0.1).pixels.std()


def test_colors_are_counted():
    assert len(quantize(IMAGE, 8).pixels.reshape(-1, 3).unique(dim=0)) <= 8


def test_edges_are_white_on_black():
    assert find_edges(IMAGE, 0.1, 0.3).pixels.unique().tolist() == [0, 1]


def test_thresholds_in_the_wrong_order_are_named():
    with pytest.raises(ValueError, match="high_threshold"):
        find_edges(IMAGE, 0.9, 0.3)
