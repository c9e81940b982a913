import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.image import Image, Mask
from nodes.image_edit import (
    batch,
    composite_masked,
    crop,
    empty,
    invert,
    pad_for_outpaint,
    scale,
    scale_by,
    scale_to_total_pixels,
)

images = st.builds(
    lambda rows, columns, channels, seed: Image(
        torch.rand(1, rows, columns, channels, generator=torch.Generator().manual_seed(seed))
    ),
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from([3, 4]),
    st.integers(0, 2**32),
)


@settings(max_examples=20, deadline=None)
@given(images)
def test_inverting_twice_changes_nothing(image):
    torch.testing.assert_close(invert(invert(image)).pixels, image.pixels)
    assert torch.equal(invert(image).pixels[..., 3:], image.pixels[..., 3:])


@settings(max_examples=20, deadline=None)
@given(images, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 5))
def test_cropping_what_was_padded_gives_the_picture_back(image, left, top, right, bottom, feathering):
    height, width = image.pixels.shape[1:3]
    padded, mask = pad_for_outpaint(image, left, top, right, bottom, feathering)
    assert mask.values.shape == (1, height + top + bottom, width + left + right)
    assert torch.equal(crop(padded, width, height, left, top).pixels, image.pixels)


@settings(max_examples=20, deadline=None)
@given(images, st.sampled_from(["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]))
def test_scaling_by_one_changes_nothing(image, method):
    assert torch.equal(scale_by(image, method, 1.0).pixels, image.pixels)
    assert torch.equal(scale(image, method, 0, 0).pixels, image.pixels)


def test_a_picture_is_brought_to_a_size():
    image = Image(torch.rand(2, 20, 40, 3))
    assert scale(image, "lanczos", 10, 0).pixels.shape == (2, 5, 10, 3)
    assert scale(image, "bicubic", 8, 8, "center").pixels.shape == (2, 8, 8, 3)
    assert scale_by(image, "area", 0.25).pixels.shape == (2, 5, 10, 3)


def test_a_picture_is_brought_to_a_number_of_pixels():
    image = Image(torch.rand(1, 20, 40, 3))
    assert scale_to_total_pixels(image, "bilinear", 0.02).pixels.shape == (1, 102, 205, 3)
    assert scale_to_total_pixels(image, "bilinear", 0.02, 16).pixels.shape == (1, 96, 208, 3)


def test_pictures_are_joined():
    assert batch(Image(torch.rand(1, 4, 4, 3)), Image(torch.rand(2, 8, 8, 3))).pixels.shape == (3, 4, 4, 3)


def test_a_crop_ends_at_the_edge():
    image = Image(torch.rand(1, 10, 10, 3))
    assert crop(image, 8, 8, 6, 7).pixels.shape == (1, 3, 4, 3)
    assert crop(image, 8, 8, 600, 700).pixels.shape == (1, 1, 1, 3)


def test_one_picture_goes_onto_another_where_a_mask_lets_it():
    below, above = Image(torch.zeros(1, 4, 4, 3)), Image(torch.ones(1, 2, 2, 3))
    assert composite_masked(pytest.fail, below, above, 1, 1).pixels.sum() == 4 * 3
    assert (
        composite_masked(pytest.fail, below, above, 1, 1, mask=Mask(torch.full((1, 8, 8), 0.5))).pixels.sum() == 2 * 3
    )
    assert composite_masked(pytest.fail, below, above, 0, 0, resize_source=True).pixels.min() == 1


@pytest.mark.parametrize("color, expected", [(0, [0, 0, 0]), (0xFF8000, [1, 128 / 255, 0])])
def test_an_empty_picture_has_one_color(color, expected):
    pixels = empty(6, 4, 2, color).pixels
    assert pixels.shape == (2, 4, 6, 3)
    assert pixels.reshape(-1, 3).unique(dim=0).tolist() == [pytest.approx(expected)]


def test_pictures_beyond_the_destinations_batch_are_left_out_with_a_warning(heard):
    under, over = Image(torch.rand(2, 4, 4, 3)), Image(torch.rand(3, 4, 4, 3))
    assert torch.equal(composite_masked(heard, under, over).pixels, over.pixels[:2])
    assert "1 of them are left out" in heard.warnings[0]
    heard.warnings.clear()
    assert len(composite_masked(heard, over, under).pixels) == 3
    assert heard.warnings == []
