import pytest
import torch

from nodes.conditioning import encode_prompt
from nodes.custom_sampling import (
    choose_sampler,
    no_noise,
    noise_source,
    random_noise,
    sample_custom,
    sample_from,
    sample_parts,
)
from nodes.guidance import guide
from nodes.latent import empty_latent
from nodes.sampling import sample
from nodes.sigmas import basic, split


@pytest.fixture(scope="module")
def prompts(runtime, checkpoint):
    class Quiet:
        def __call__(self, *what): ...
        def check(self): ...

    quiet = Quiet()
    return [encode_prompt(runtime, quiet, quiet, text, checkpoint.clip) for text in ("a red circle", "")]


@pytest.fixture
def from_noise(runtime, heard, checkpoint, prompts):
    """Runs two steps from some noise, by parts."""

    def run(noise, batch=1, latent=None, sigmas=None):
        latent = latent or empty_latent(64, 64, batch)
        guider = guide(checkpoint.model, *prompts, cfg=4.0)
        sigmas = sigmas or basic(checkpoint.model, "karras", 2)
        return sample_parts(runtime, heard, heard, noise, guider, choose_sampler("dpmpp_2m"), sigmas, latent)

    return run


def test_a_run_by_parts_is_the_sampler_nodes(runtime, heard, checkpoint, prompts, from_noise):
    latent, sigmas = empty_latent(64, 64), basic(checkpoint.model, "karras", 2)
    whole = sample(
        runtime, heard, heard, checkpoint.model, *prompts, latent,
        seed=1, steps=2, cfg=4.0, sampler_name="dpmpp_2m", scheduler="karras",
    )  # fmt: skip
    custom = sample_custom(
        runtime,
        heard,
        heard,
        checkpoint.model,
        *prompts,
        choose_sampler("dpmpp_2m"),
        sigmas,
        latent,
        noise_seed=1,
        cfg=4.0,
    )
    assert torch.equal(from_noise(random_noise(1)).output.samples, whole.samples)
    assert torch.equal(custom.output.samples, whole.samples)
    assert heard.steps == [(1, 2), (2, 2)] * 3


def test_what_is_seen_in_leftover_noise_is_the_second_output(checkpoint, from_noise):
    first, second = split(basic(checkpoint.model, "sgm_uniform", 2), 1)
    begun = from_noise(random_noise(1), sigmas=first)
    assert (begun.output.samples - begun.denoised_output.samples).std() > 1
    ended = from_noise(no_noise(), latent=begun.output, sigmas=second)
    torch.testing.assert_close(ended.output.samples, ended.denoised_output.samples)


def test_no_noise_and_noise_left_out_are_the_same(runtime, heard, checkpoint, prompts, from_noise):
    latent, sigmas = empty_latent(64, 64), basic(checkpoint.model, "karras", 2)
    custom = sample_custom(
        runtime,
        heard,
        heard,
        checkpoint.model,
        *prompts,
        choose_sampler("dpmpp_2m"),
        sigmas,
        latent,
        add_noise=False,
        cfg=4.0,
    )
    assert torch.equal(from_noise(no_noise()).output.samples, custom.output.samples)


def test_a_source_of_noise_left_at_its_defaults_is_the_seeds():
    assert noise_source(5) == random_noise(5)


def test_an_image_with_a_seed_of_its_own_is_made_again_alone(from_noise):
    batch = from_noise(noise_source(5, seed_per_image=True), batch=2).output.samples
    alone = from_noise(noise_source(6, seed_per_image=True)).output.samples
    torch.testing.assert_close(batch[1:], alone, rtol=1e-3, atol=1e-3)


def test_a_variation_goes_from_one_seed_to_another(from_noise):
    start, middle, end = (
        from_noise(noise_source(1, variation_seed=2, variation_strength=share)).output.samples for share in (0, 0.5, 1)
    )
    assert torch.equal(start, from_noise(random_noise(1)).output.samples)
    torch.testing.assert_close(end, from_noise(random_noise(2)).output.samples, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(middle, start, atol=1e-2)
    assert not torch.allclose(middle, end, atol=1e-2)


def test_the_sampler_node_from_a_source_differs_by_the_noise_alone(runtime, heard, checkpoint, prompts):
    def run(noise):
        settings = {"steps": 2, "cfg": 4.0, "sampler_name": "uni_pc", "denoise": 0.8}
        return sample_from(
            runtime, heard, heard, checkpoint.model, *prompts, empty_latent(64, 64), noise, **settings
        ).samples

    plain = sample(
        runtime, heard, heard, checkpoint.model, *prompts, empty_latent(64, 64),
        seed=1, steps=2, cfg=4.0, sampler_name="uni_pc", denoise=0.8,
    )  # fmt: skip
    assert torch.equal(run(random_noise(1)), plain.samples)
    assert not torch.allclose(run(noise_source(1, "cuda")), plain.samples, atol=1e-2)
