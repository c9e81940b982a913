from dataclasses import replace

import pytest
import torch

from diffusion.latent import Latent
from diffusion.latents import (
    blended,
    chosen,
    composite,
    composite_masked,
    cropped,
    joined,
    moved,
    multiplied,
    places,
    upscaled,
)


def latent(batch=1, height=4, width=6, **held):
    return Latent(torch.randn(batch, 4, height, width), **held)


def test_what_goes_with_a_latent_is_turned_with_it():
    turned = moved(latent(mask=torch.rand(1, 1, 32, 48)), lambda x: x.rot90(1, dims=(3, 2)))
    assert turned.samples.shape == (1, 4, 6, 4)
    assert turned.mask.shape == (1, 1, 48, 32)


def test_a_crop_takes_the_same_part_of_the_mask():
    mask = torch.zeros(1, 1, 32, 48)
    mask[..., 8:16, 16:24] = 1
    part = cropped(latent(mask=mask), 2, 1, 1, 1)
    assert part.samples.shape == (1, 4, 1, 1)
    assert part.mask.shape == (1, 1, 8, 8)
    assert part.mask.min() == 1


def test_an_upscaled_latent_keeps_its_mask_for_the_sampler_to_fit():
    mask = torch.rand(1, 1, 32, 48)
    assert upscaled(latent(mask=mask), 12, 8, "bislerp").mask is mask


def test_a_hard_composite_replaces_what_is_below():
    under, over = latent(), latent(1, 2, 2)
    result = composite(under, over, 1, 1, 0).samples
    assert torch.equal(result[..., 1:3, 1:3], over.samples)
    assert torch.equal(result[..., 0, :], under.samples[..., 0, :])


def test_a_composite_fades_only_inside_the_picture():
    under, over = replace(latent(), samples=torch.zeros(1, 4, 4, 6)), replace(latent(), samples=torch.ones(1, 4, 4, 4))
    assert composite(under, over, 2, 0, 2).samples[0, 0].tolist() == [[0, 0, 0.5, 1, 1, 1]] * 4
    assert composite(under, over, 0, 0, 2).samples[0, 0].tolist() == [[1, 1, 1, 0.5, 0, 0]] * 4


def test_a_masked_composite_stretches_the_mask_over_the_source():
    under, over = latent(), latent(1, 2, 3)
    mask = torch.zeros(1, 16, 24)
    result = composite_masked(under, over, 0, 0, stretch=True, mask=1 - mask).samples
    assert not torch.equal(result, under.samples)
    assert torch.equal(composite_masked(under, over, 0, 0, stretch=True, mask=mask).samples, under.samples)


def test_blending_by_one_is_the_first_and_by_zero_the_second():
    first, second = latent(), latent()
    torch.testing.assert_close(blended(first, second, 1.0).samples, first.samples)
    torch.testing.assert_close(blended(first, second, 0.0).samples, second.samples)


def test_latents_of_other_families_are_not_mixed():
    other = Latent(torch.randn(1, 16, 4, 6))
    for mix in (lambda: blended(latent(), other, 0.5), lambda: joined(latent(), other)):
        with pytest.raises(ValueError, match="4 and 16 channels"):
            mix()


def test_what_is_chosen_keeps_its_place_and_its_mask():
    whole = latent(4, mask=torch.rand(4, 1, 32, 48))
    part = chosen(whole, 2, 9)
    assert torch.equal(part.samples, whole.samples[2:])
    assert torch.equal(part.mask, whole.mask[2:])
    assert part.batch_index == (2, 3)
    assert chosen(part, 1, 1).batch_index == (3,)
    assert chosen(whole, 63, 1).batch_index == (3,)


def test_a_mask_for_all_stays_one_for_all():
    assert len(chosen(latent(4, mask=torch.rand(1, 1, 32, 48)), 2, 1).mask) == 1
    assert len(multiplied(latent(2, mask=torch.rand(1, 1, 32, 48)), 3).mask) == 1


def test_repeated_items_go_on_to_further_places():
    some = multiplied(latent(2, batch_index=(1, 3), mask=torch.rand(2, 1, 32, 48)), 2)
    assert some.batch_index == (1, 3, 4, 6)
    assert torch.equal(some.samples[:2], some.samples[2:])
    assert torch.equal(some.mask[:2], some.mask[2:])
    assert multiplied(latent(2), 2).batch_index is None


def test_joined_batches_keep_their_places_and_masks():
    first = latent(2)
    both = joined(first, latent(1, 8, 8, mask=torch.zeros(1, 1, 64, 64)))
    assert both.samples.shape == (3, 4, 4, 6)
    assert places(both) == (0, 1, 0)
    assert both.mask.mean(dim=(1, 2, 3)).tolist() == [1, 1, 0]
    assert joined(first, first).mask is None
