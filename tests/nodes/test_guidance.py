import pytest
import torch

from nodes.conditioning import encode_prompt
from nodes.custom_sampling import choose_sampler, random_noise, sample_parts
from nodes.guidance import follow, guide, guide_across, guide_by_two
from nodes.latent import empty_latent
from nodes.sigmas import basic


@pytest.fixture
def prompts(runtime, heard, checkpoint):
    texts = ("a red circle", "a blue square", "")
    return [encode_prompt(runtime, heard, heard, text, checkpoint.clip) for text in texts]


@pytest.fixture
def guided(runtime, heard, checkpoint):
    def run(guider):
        sigmas = basic(checkpoint.model, "normal", 1)
        latent = empty_latent(64, 64)
        return sample_parts(
            runtime, heard, heard, random_noise(1), guider, choose_sampler("euler"), sigmas, latent
        ).output

    return lambda guider: run(guider).samples


def alike(one, other):
    return torch.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_one_prompt_alone_is_guidance_that_leaves_the_negative_out(checkpoint, prompts, guided):
    first, negative, _ = prompts
    assert alike(guided(follow(checkpoint.model, first)), guided(guide(checkpoint.model, first, negative, cfg=1.0)))


def test_two_scales_over_the_same_prompt_are_plain_guidance(checkpoint, prompts, guided):
    first, negative, empty = prompts
    plain = guided(guide(checkpoint.model, first, negative, cfg=4.0))
    assert alike(guided(guide_by_two(checkpoint.model, first, first, negative, 7.0, 4.0)), plain)
    regular, nested = (
        guided(guide_by_two(checkpoint.model, first, empty, negative, 2.0, 4.0, style))
        for style in ("regular", "nested")
    )
    assert not alike(regular, nested)


def test_a_negative_across_the_positive_alone_counts(checkpoint, prompts, guided):
    first, negative, empty = prompts
    plain = guided(guide(checkpoint.model, first, empty, cfg=4.0))
    assert alike(guided(guide_across(checkpoint.model, first, negative, empty, 4.0, neg_scale=0.0)), plain)
    assert alike(guided(guide_across(checkpoint.model, first, first, empty, 4.0)), plain)
    assert not alike(guided(guide_across(checkpoint.model, first, negative, empty, 4.0)), plain)
