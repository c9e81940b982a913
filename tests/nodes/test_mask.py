import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from diffusion.image import Image, Mask
from nodes.mask import (
    composite,
    crop,
    feather,
    from_color,
    from_image,
    grow,
    invert,
    load_mask,
    solid,
    threshold,
    to_image,
)
from workflows.outputs import InputFolder

masks = st.builds(
    lambda count, rows, columns, seed: Mask(
        torch.rand(count, rows, columns, generator=torch.Generator().manual_seed(seed))
    ),
    st.integers(1, 3),
    st.integers(1, 8),
    st.integers(1, 8),
    st.integers(0, 2**32),
)


@settings(max_examples=20, deadline=None)
@given(masks)
def test_inverting_twice_and_showing_a_mask_change_nothing(mask):
    torch.testing.assert_close(invert(invert(mask)).values, mask.values)
    assert torch.equal(from_image(to_image(mask), "blue").values, mask.values)
    assert torch.equal(grow(mask, 0).values, mask.values)
    assert torch.equal(feather(mask).values, mask.values)


@settings(max_examples=20, deadline=None)
@given(masks, st.integers(0, 3))
def test_growing_never_takes_away(mask, by):
    assert (grow(mask, by).values >= mask.values).all()
    assert (grow(mask, -by, tapered_corners=False).values <= mask.values).all()


@settings(max_examples=20, deadline=None)
@given(masks)
def test_a_mask_without_itself_is_nothing(mask):
    assert not composite(pytest.fail, mask, mask, operation="subtract").values.any()
    assert not composite(pytest.fail, mask, mask, operation="xor").values.any()
    whole = solid(1.0, mask.values.shape[2], mask.values.shape[1])
    torch.testing.assert_close(composite(pytest.fail, mask, whole, operation="multiply").values, mask.values)


def test_channels_are_read_as_masks(tmp_path):
    Pillow.new("RGBA", (4, 2), (255, 51, 0, 0)).save(tmp_path / "picture.png")
    read = {
        channel: load_mask(InputFolder(tmp_path), "picture.png", channel).values
        for channel in ("alpha", "red", "green", "blue")
    }
    assert all(values.shape == (1, 2, 4) for values in read.values())
    assert [values[0, 0, 0].item() for values in read.values()] == pytest.approx([1, 1, 0.2, 0])


def test_a_solid_mask_has_one_value():
    values = solid(0.25, 6, 4).values
    assert values.shape == (1, 4, 6)
    assert values.unique().tolist() == [0.25]


def test_a_crop_ends_at_the_edge_and_there_must_be_something_left():
    mask = solid(1.0, 10, 8)
    assert crop(mask, 6, 2, 100, 3).values.shape == (1, 3, 4)
    with pytest.raises(ValueError, match=r"10×8 .* \(10, 0\)"):
        crop(mask, 10, 0)


def test_a_threshold_leaves_nothing_between():
    assert threshold(Mask(torch.tensor([[[0.2, 0.5, 0.7]]])), 0.5).values.flatten().tolist() == [0, 0, 1]


def test_a_color_becomes_a_mask():
    pixels = torch.zeros(1, 2, 2, 3)
    pixels[0, 1, 1] = torch.tensor([1.0, 0.5, 0.0])
    assert from_color(Image(pixels), 0xFF8000).values.flatten().tolist() == [0, 0, 0, 1]


def test_a_picture_without_alpha_has_none_to_give():
    with pytest.raises(ValueError, match="alpha"):
        from_image(Image(torch.rand(1, 2, 2, 3)), "alpha")
    assert from_image(Image(torch.full((1, 1, 1, 4), 0.25)), "alpha").values.item() == 0.25


def test_masks_beyond_the_destinations_batch_are_left_out_with_a_warning(heard):
    under, over = Mask(torch.zeros(1, 4, 4)), Mask(torch.ones(3, 2, 2))
    assert composite(heard, under, over, operation="add").values.shape == (1, 4, 4)
    assert "2 of them are left out" in heard.warnings[0]
