import pytest
import torch

from diffusion.codecs import dump, load
from diffusion.errors import DiffusionError
from diffusion.sampling import trained_sigmas
from nodes.conditioning import encode_prompt
from nodes.custom_sampling import choose_sampler, random_noise, sample_parts
from nodes.guidance import follow, guide, guide_by_two
from nodes.guidance import guide_across as guider_across
from nodes.latent import empty_latent
from nodes.model_sampling import guide_across, read_as, rescale_guidance
from nodes.sampling import sample
from nodes.sigmas import basic


@pytest.fixture
def prompts(runtime, heard, checkpoint):
    texts = ("a red circle", "a blue square", "")
    return [encode_prompt(runtime, heard, heard, text, checkpoint.clip) for text in texts]


@pytest.fixture
def sampled(runtime, heard, checkpoint, prompts):
    def run(model, cfg=7.0):
        first, negative, _ = prompts
        return sample(
            runtime, heard, heard, model, first, negative, empty_latent(64, 64), seed=1, steps=2, cfg=cfg
        ).samples

    return run


@pytest.fixture
def guided(runtime, heard, checkpoint):
    def run(guider):
        sigmas, sampler = basic(checkpoint.model, "normal", 1), choose_sampler("euler")
        return sample_parts(runtime, heard, heard, random_noise(1), guider, sampler, sigmas, empty_latent(64, 64))

    return lambda guider: run(guider).output.samples


def test_a_model_read_as_what_it_is_stays_what_it_is(checkpoint, sampled):
    assert torch.equal(sampled(read_as(checkpoint.model, "eps")), sampled(checkpoint.model))


@pytest.mark.parametrize("sampling", ["v_prediction", "lcm", "x0"])
def test_a_model_read_otherwise_gives_another_picture(checkpoint, sampled, sampling):
    got = sampled(read_as(checkpoint.model, sampling))
    assert got.isfinite().all()
    assert not torch.allclose(got, sampled(checkpoint.model), atol=1e-2)


def test_zero_terminal_snr_starts_at_pure_noise(checkpoint):
    assert float(trained_sigmas(read_as(checkpoint.model, "v_prediction", zsnr=True)).highest) > 4000
    assert float(basic(read_as(checkpoint.model, "v_prediction"), "normal", 2).values[0]) == pytest.approx(
        14.61, abs=0.01
    )


def test_a_consistency_model_knows_fifty_levels(checkpoint):
    assert len(trained_sigmas(read_as(checkpoint.model, "lcm"))) == 50


def test_rescaled_guidance_takes_contrast_back(checkpoint, sampled):
    plain, rescaled = sampled(checkpoint.model, 15.0), sampled(rescale_guidance(checkpoint.model, 1.0), 15.0)
    assert rescaled.std() < plain.std()
    torch.testing.assert_close(sampled(rescale_guidance(checkpoint.model, 0.0), 15.0), plain, rtol=1e-3, atol=1e-3)


def test_a_model_guided_across_is_the_guider_of_that_name(checkpoint, prompts, guided, sampled):
    first, negative, empty = prompts
    model = guide_across(checkpoint.model, empty, 0.5)
    expected = guided(guider_across(checkpoint.model, first, negative, empty, 7.0, 0.5))
    assert torch.equal(guided(guide(model, first, negative, 7.0)), expected)
    assert torch.equal(guided(follow(model, first)), guided(follow(checkpoint.model, first)))
    with pytest.raises(DiffusionError, match="use PerpNegGuider"):
        guided(guide_by_two(model, first, empty, negative))


def test_a_guider_across_is_rescaled_too(checkpoint, prompts, guided):
    plain, rescaled = (
        guided(guider_across(model, *prompts, 15.0))
        for model in (checkpoint.model, rescale_guidance(checkpoint.model, 1.0))
    )
    assert rescaled.std() < plain.std()


def test_of_several_changes_of_guidance_the_last_counts(checkpoint, prompts, sampled):
    across = guide_across(checkpoint.model, prompts[2])
    assert torch.equal(sampled(rescale_guidance(across, 0.7)), sampled(rescale_guidance(checkpoint.model, 0.7)))


def test_a_changed_model_can_be_stored(checkpoint, prompts):
    model = guide_across(read_as(checkpoint.model, "x0", zsnr=True), prompts[2])
    again = load(*dump(model))
    assert (again.weights, again.sampling) == (model.weights, model.sampling)
    assert torch.equal(again.guidance[0].empty.entries[0].embeds, prompts[2].entries[0].embeds)
