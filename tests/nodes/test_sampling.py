import pytest
import torch

from nodes.conditioning import encode_prompt
from nodes.latent import empty_latent
from nodes.sampling import sample, sample_steps


@pytest.fixture(scope="module")
def prompts(runtime, checkpoint):
    class Quiet:
        def __call__(self, *what): ...
        def check(self): ...

    quiet = Quiet()
    return [encode_prompt(runtime, quiet, quiet, text, checkpoint.clip) for text in ("a red circle", "")]


def sampled(runtime, heard, checkpoint, prompts, seed=1):
    return sample(
        runtime, heard, heard, checkpoint.model, *prompts, empty_latent(64, 64), seed=seed, steps=2, cfg=4.0
    ).samples


def test_the_same_seed_gives_the_same_latent_bit_for_bit(runtime, heard, checkpoint, prompts):
    once, again = (sampled(runtime, heard, checkpoint, prompts) for _ in range(2))
    assert torch.equal(once, again)
    assert not torch.equal(once, sampled(runtime, heard, checkpoint, prompts, seed=2))


def test_each_step_is_reported_with_a_small_picture(runtime, heard, checkpoint, prompts):
    sampled(runtime, heard, checkpoint, prompts)
    assert heard.steps == [(1, 2), (2, 2)]
    assert all(preview is not None for preview in heard.previews)


def test_two_stages_with_noise_left_between_them_are_one_run(runtime, heard, checkpoint, prompts):
    def stage(latent, **settings):
        return sample_steps(
            runtime, heard, heard, checkpoint.model, *prompts, latent, noise_seed=1, steps=2, cfg=4.0, **settings
        )

    first = stage(empty_latent(64, 64), end_at_step=1, return_with_leftover_noise="enable")
    second = stage(first, start_at_step=1, add_noise="disable")
    whole = stage(empty_latent(64, 64))
    torch.testing.assert_close(second.samples, whole.samples, rtol=1e-4, atol=1e-4)
