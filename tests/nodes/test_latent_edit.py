import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.image import Mask
from diffusion.latent import Latent
from nodes.latent_edit import (
    batch,
    blend,
    composite,
    composite_masked,
    crop,
    flip,
    from_batch,
    repeat_batch,
    rotate,
    set_mask,
    upscale,
    upscale_by,
)

latents = st.builds(
    lambda count, rows, columns, seed: Latent(
        torch.randn(count, 4, rows, columns, generator=torch.Generator().manual_seed(seed)),
        mask=torch.rand(1, 1, rows * 8, columns * 8),
    ),
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(0, 2**32),
)


def equal(one, other):
    return torch.equal(one.samples, other.samples) and torch.equal(one.mask, other.mask)


@settings(max_examples=20, deadline=None)
@given(latents)
def test_four_quarter_turns_and_two_flips_change_nothing(latent):
    turned = latent
    for _ in range(4):
        turned = rotate(turned, "90 degrees")
    assert equal(turned, latent)
    assert equal(rotate(rotate(latent, "90 degrees"), "270 degrees"), latent)
    assert equal(rotate(latent, "none"), latent)
    for method in ("x-axis: vertically", "y-axis: horizontally"):
        assert equal(flip(flip(latent, method), method), latent)
    both = flip(flip(latent, "x-axis: vertically"), "y-axis: horizontally")
    assert equal(rotate(latent, "180 degrees"), both)


def test_a_quarter_turn_is_clockwise():
    latent = Latent(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(1, 1, 2, 2))
    assert rotate(latent, "90 degrees").samples.flatten().tolist() == [3, 1, 4, 2]
    assert flip(latent, "x-axis: vertically").samples.flatten().tolist() == [3, 4, 1, 2]
    assert flip(latent, "y-axis: horizontally").samples.flatten().tolist() == [2, 1, 4, 3]


def test_upscaling_is_given_in_pixels():
    latent = Latent(torch.randn(1, 4, 8, 16))
    assert upscale(latent, "bislerp", 256, 512).samples.shape == (1, 4, 64, 32)
    assert upscale(latent, "area", 0, 128).samples.shape == (1, 4, 16, 32)
    assert upscale(latent, "area", 64, 0).samples.shape == (1, 4, 8, 8)  # no side is less than 64
    assert upscale(latent, "area", 0, 0) is latent
    assert upscale_by(latent, "bicubic", 1.5).samples.shape == (1, 4, 12, 24)
    assert upscale_by(latent, "bicubic", 0.01).samples.shape == (1, 4, 1, 1)


@settings(max_examples=20, deadline=None)
@given(latents, st.sampled_from(["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]))
def test_upscaling_by_one_changes_nothing(latent, method):
    assert equal(upscale_by(latent, method, 1.0), latent)


def test_one_latent_goes_onto_another():
    under, over = Latent(torch.zeros(2, 4, 8, 8)), Latent(torch.ones(1, 4, 4, 4))
    assert composite(under, over, 32, 16).samples.sum() == 2 * 4 * 16
    assert composite(under, over, 32, 16, feather=8).samples.sum() == 2 * 4 * 16  # over one latent pixel: at once
    assert composite(under, over, 32, 16, feather=16).samples.sum() < 2 * 4 * 16
    assert composite_masked(pytest.fail, under, over, 0, 0, resize_source=True).samples.min() == 1
    assert composite_masked(pytest.fail, under, over, 0, 0, mask=Mask(torch.zeros(1, 5, 5))).samples.max() == 0


@settings(max_examples=20, deadline=None)
@given(latents)
def test_blending_by_one_or_with_itself_changes_nothing(latent):
    torch.testing.assert_close(blend(latent, Latent(torch.zeros(1, 4, 3, 3)), 1.0).samples, latent.samples)
    torch.testing.assert_close(blend(latent, latent, 0.3).samples, latent.samples)


@settings(max_examples=20, deadline=None)
@given(latents, latents)
def test_what_was_joined_is_found_again(first, second):
    both = batch(first, second)
    count = len(first.samples)
    assert torch.equal(from_batch(both, 0, count).samples, first.samples)
    assert len(from_batch(both, count, 64).samples) == len(second.samples)


def test_a_repeated_batch_is_as_long_as_asked():
    assert repeat_batch(Latent(torch.zeros(2, 4, 2, 2)), 3).samples.shape == (6, 4, 2, 2)


def test_a_crop_is_moved_to_leave_64_pixels():
    latent = Latent(torch.randn(1, 4, 16, 20))
    assert crop(latent, 64, 72, 8, 16).samples.shape == (1, 4, 9, 8)
    assert torch.equal(crop(latent, 512, 512, 800, 800).samples, latent.samples[..., 8:, 12:])
    assert crop(Latent(torch.randn(1, 4, 2, 2)), 64, 64).samples.shape == (1, 4, 2, 2)


@pytest.mark.parametrize("shape", [(1, 16, 24), (2, 5, 7)])
def test_a_mask_is_set_at_its_own_size(shape):
    latent = set_mask(Latent(torch.zeros(2, 4, 2, 3)), Mask(torch.rand(shape)))
    assert latent.mask.shape == (shape[0], 1, *shape[1:])


def test_latents_beyond_the_destinations_batch_are_left_out_with_a_warning(heard):
    under, over = Latent(torch.rand(2, 4, 8, 8)), Latent(torch.rand(3, 4, 8, 8))
    assert torch.equal(composite_masked(heard, under, over).samples, over.samples[:2])
    assert "1 of them are left out" in heard.warnings[0]
    heard.warnings.clear()
    assert len(composite_masked(heard, over, under).samples) == 3
    assert heard.warnings == []
