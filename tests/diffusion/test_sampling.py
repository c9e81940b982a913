from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from diffusion.conditioning import Cond, Conditioning
from diffusion.errors import NotFinite, Stopped
from diffusion.handle import File, FileRef, ModelHandle
from diffusion.latent import Latent
from diffusion.sampling import noised, sample, stretch
from diffusion.schedules import sigmas_for
from diffusion.sigmas import scaled_linear

TRAINED = scaled_linear()
MODEL = ModelHandle(File(FileRef("checkpoints/tiny.safetensors", "0"), "model"), "sd15")


class OneModule:
    """A device with one small network on it, whichever is asked for."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.module = UNet2DConditionModel(
            block_out_channels=(8, 16),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            cross_attention_dim=8,
            attention_head_dim=8,
            norm_num_groups=4,
        ).eval()

    @contextmanager
    def resident(self, handle: ModelHandle, stop=None) -> Iterator[nn.Module]:
        hook = self.module.mid_block.register_forward_pre_hook(lambda *_: stop and stop())
        try:
            yield self.module
        finally:
            hook.remove()


@pytest.fixture(scope="module")
def residency() -> OneModule:
    return OneModule()


def prompt(seed: int) -> Conditioning:
    return Conditioning((Cond(torch.randn(1, 5, 8, generator=torch.Generator().manual_seed(seed))),))


def empty(batch: int = 1, **rest: object) -> Latent:
    return Latent(torch.zeros(batch, 4, 8, 8), **rest)


def run(residency: OneModule, latent: Latent | None = None, **changed: object) -> Tensor:
    settings = {"seed": 1, "steps": 3, "cfg": 2.0, "sampler_name": "euler", "scheduler": "normal"} | changed
    return sample(residency, MODEL, prompt(1), prompt(2), latent or empty(), **settings).samples


def test_the_same_settings_give_the_same_latent(residency: OneModule):
    assert torch.equal(run(residency), run(residency))


@pytest.mark.parametrize(
    "changed", [{"seed": 2}, {"steps": 4}, {"cfg": 3.0}, {"sampler_name": "heun"}, {"scheduler": "karras"}]
)
def test_each_setting_matters(residency: OneModule, changed: dict[str, object]):
    assert not torch.allclose(run(residency), run(residency, **changed), atol=1e-3)


def test_two_advanced_runs_are_one_run_cut_in_two(residency: OneModule):
    first = run(residency, steps=6, end=3, leave_noise=True)
    whole = run(residency, steps=6)
    torch.testing.assert_close(run(residency, Latent(first), steps=6, start=3, add_noise=False), whole)


def test_an_early_end_goes_to_a_clean_picture_unless_told_not_to():
    sigmas = sigmas_for("normal", TRAINED, 6)
    assert stretch(sigmas, end=3).tolist() == [*sigmas[:3].tolist(), 0.0]
    assert stretch(sigmas, end=3, leave_noise=True).tolist() == sigmas[:4].tolist()
    assert stretch(sigmas, start=2, end=10000).tolist() == sigmas[2:].tolist()


def test_a_run_that_starts_after_its_end_changes_nothing(residency: OneModule):
    latent = Latent(torch.ones(1, 4, 8, 8))
    assert torch.equal(run(residency, latent, start=10), latent.samples)
    assert torch.equal(run(residency, latent, denoise=0.0), latent.samples)


def test_little_denoising_stays_near_the_latent(residency: OneModule):
    latent = Latent(torch.ones(1, 4, 8, 8))
    gone = [float((run(residency, latent, denoise=share) - 1).abs().mean()) for share in (0.05, 0.3, 1.0)]
    assert gone == sorted(gone)


def test_where_the_mask_is_zero_the_latent_is_kept(residency: OneModule):
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 32:] = 1
    latent = Latent(torch.full((2, 4, 8, 8), 3.0), mask=mask)
    got = run(residency, latent)
    torch.testing.assert_close(got[..., :4], latent.samples[..., :4])
    assert (got[..., 4:] - 3).abs().mean() > 0.1


def test_an_image_of_a_batch_can_be_made_alone(residency: OneModule):
    batch = run(residency, empty(3, batch_index=(0, 1, 2)))
    torch.testing.assert_close(run(residency, empty(batch_index=(2,))), batch[2:], rtol=1e-4, atol=1e-4)


def test_the_highest_level_starts_with_the_pictures_own_variance():
    zeros, ones = torch.zeros(1), torch.ones(1)
    assert float(noised(zeros, ones, TRAINED.highest, TRAINED)) == pytest.approx(float((1 + TRAINED.highest**2).sqrt()))
    assert float(noised(zeros, ones, torch.tensor(2.0), TRAINED)) == 2.0


def test_steps_are_reported_with_a_small_picture(residency: OneModule):
    seen = []
    run(residency, on_step=lambda done, total, picture: seen.append((done, total, picture.size)))
    assert seen == [(1, 3, (8, 8)), (2, 3, (8, 8)), (3, 3, (8, 8))]


def test_stopping_acts_within_the_network(residency: OneModule):
    def stop() -> None:
        raise Stopped("Stopped.")

    with pytest.raises(Stopped):
        run(residency, stop=stop)


def test_numbers_that_are_none_are_an_error_at_once(residency: OneModule):
    with pytest.raises(NotFinite, match="step 1 of euler"):
        run(residency, Latent(torch.full((1, 4, 8, 8), float("nan"))))
