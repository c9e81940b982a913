from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from diffusion.checkpoint import Checkpoint, open_checkpoint
from diffusion.conditioning import Area, Cond, Conditioning
from diffusion.device import choose_device
from diffusion.errors import DiffusionError, NotFinite, Stopped
from diffusion.files.folders import ModelFolders
from diffusion.guidance import ClassifierFree, Guider
from diffusion.latent import Latent
from diffusion.residency import Residency
from diffusion.sampling import noised, sample, sample_along, stretch
from diffusion.schedules import sigmas_for
from diffusion.sigmas import scaled_linear
from diffusion.text.encode import encode

Run = Callable[..., Tensor]
TRAINED = scaled_linear()


def prompt(seed: int, width: int = 32) -> Conditioning:
    return Conditioning((Cond(torch.randn(1, 5, width, generator=torch.Generator().manual_seed(seed))),))


def empty(batch: int = 1, **rest: object) -> Latent:
    return Latent(torch.zeros(batch, 4, 8, 8), **rest)


@pytest.fixture(scope="module")
def run(tiny_folders: ModelFolders) -> Run:
    residency = Residency(tiny_folders, choose_device("cpu"))
    model = open_checkpoint(tiny_folders, "tiny.safetensors").model

    def run(latent: Latent | None = None, **changed: object) -> Tensor:
        settings = {"seed": 1, "steps": 3, "cfg": 2.0, "sampler_name": "euler", "scheduler": "normal"} | changed
        positive = settings.pop("positive", prompt(1))
        return sample(residency, model, positive, prompt(2), latent or empty(), **settings).samples

    return run


@pytest.fixture
def run_along(tiny_residency: Residency, tiny: Checkpoint) -> Callable[..., Tensor]:
    def run(sigmas: Tensor, latent: Latent | None = None, **changed: object) -> Tensor:
        guider = Guider(tiny.model, (prompt(1), prompt(2)), ClassifierFree(2.0))
        settings = {"seed": 1, "sampler_name": "dpm_fast"} | changed
        return sample_along(tiny_residency, guider, latent or empty(), sigmas, **settings).latent.samples

    return run


def test_the_same_settings_give_the_same_latent(run: Run):
    assert torch.equal(run(), run())


@pytest.mark.parametrize(
    "changed", [{"seed": 2}, {"steps": 4}, {"cfg": 3.0}, {"sampler_name": "heun"}, {"scheduler": "karras"}]
)
def test_each_setting_matters(run: Run, changed: dict[str, object]):
    assert not torch.allclose(run(), run(**changed), atol=1e-3)


def test_two_advanced_runs_are_one_run_cut_in_two(run: Run):
    first = run(steps=6, end=3, leave_noise=True)
    whole = run(steps=6)
    torch.testing.assert_close(run(Latent(first), steps=6, start=3, add_noise=False), whole)


def test_a_prompt_that_changes_after_some_steps_is_two_runs_with_a_prompt_each(run: Run):
    before, after = (
        replace(prompt(seed).entries[0], extra={"steps": steps}) for seed, steps in ((3, (0,)), (4, (1, 2)))
    )
    first = run(positive=prompt(3), end=1, leave_noise=True)
    second = run(Latent(first), positive=prompt(4), start=1, add_noise=False)
    torch.testing.assert_close(run(positive=Conditioning((before, after))), second)


def test_an_early_end_goes_to_a_clean_picture_unless_told_not_to():
    sigmas = sigmas_for("normal", TRAINED, 6)
    assert stretch(sigmas, end=3).tolist() == [*sigmas[:3].tolist(), 0.0]
    assert stretch(sigmas, end=3, leave_noise=True).tolist() == sigmas[:4].tolist()
    assert stretch(sigmas, start=2, end=10000).tolist() == sigmas[2:].tolist()


def test_a_run_that_starts_after_its_end_changes_nothing(run: Run):
    latent = Latent(torch.ones(1, 4, 8, 8))
    assert torch.equal(run(latent, start=10), latent.samples)
    assert torch.equal(run(latent, denoise=0.0), latent.samples)


def test_little_denoising_stays_near_the_latent(run: Run):
    latent = Latent(torch.ones(1, 4, 8, 8))
    gone = [float((run(latent, denoise=share) - 1).abs().mean()) for share in (0.05, 0.3, 1.0)]
    assert gone == sorted(gone)


def test_where_the_mask_is_zero_the_latent_is_kept(run: Run):
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 32:] = 1
    latent = Latent(torch.full((2, 4, 8, 8), 3.0), mask=mask)
    got = run(latent)
    torch.testing.assert_close(got[..., :4], latent.samples[..., :4])
    assert (got[..., 4:] - 3).abs().mean() > 0.1


@pytest.fixture
def seen(tiny_residency: Residency, tiny: Checkpoint) -> Callable[..., list[Tensor]]:
    """What the network is shown at each step, as it is before it is scaled, in a run with these settings."""

    def run(latent: Latent, sigmas: Tensor, **settings: object) -> list[Tensor]:
        shown: list[Tensor] = []
        guider = Guider(tiny.model, (prompt(1), prompt(2)), ClassifierFree(1.0))
        with tiny_residency.resident(tiny.model) as module:
            hook = module.register_forward_pre_hook(lambda _, arguments: shown.append(arguments[0]))
            try:
                sample_along(tiny_residency, guider, latent, sigmas, seed=3, **settings)
            finally:
                hook.remove()
        return [x * (1 + sigma**2).sqrt() for x, sigma in zip(shown, sigmas, strict=False)]

    return run


@pytest.mark.parametrize(("sampler_name", "seed"), [("euler", 3), ("ddim", 4)])
def test_what_a_mask_keeps_is_shown_with_the_noise_of_the_seed_and_for_ddim_with_that_of_the_next(
    seen: Callable[..., list[Tensor]], sampler_name: str, seed: int
):
    """Its definition: latent + sigma · noise at every step, the noise drawn once."""
    latent = Latent(torch.full((1, 4, 8, 8), 2.0), mask=torch.zeros(1, 1, 64, 64))
    sigmas = sigmas_for("karras", TRAINED, 3)
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(seed))
    for x, sigma in zip(seen(latent, sigmas, sampler_name=sampler_name), sigmas, strict=False):
        torch.testing.assert_close(x, 2 * 0.18215 + sigma * noise, rtol=1e-4, atol=1e-4)


def test_a_mask_of_the_pictures_size_counts_by_the_middle_of_each_latent_pixel(run: Run):
    """Bilinear without smoothing: of eight by eight pixels the four in the middle."""
    mask = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    middle = mask.reshape(1, 1, 8, 8, 8, 8)[:, :, :, 3:5, :, 3:5].mean((3, 5))
    latent = torch.full((1, 4, 8, 8), 2.0)
    torch.testing.assert_close(run(Latent(latent, mask=mask)), run(Latent(latent, mask=middle)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("denoise", [0.3, 0.55, 0.99])
def test_a_partial_denoise_is_the_end_of_a_longer_run_from_the_noised_latent(run: Run, denoise: float):
    longer = int(6 / denoise)
    latent = Latent(torch.full((1, 4, 8, 8), 2.0))
    whole = run(latent, steps=longer, start=longer - 6, scheduler="karras")
    assert torch.equal(run(latent, steps=6, denoise=denoise, scheduler="karras"), whole)


@pytest.mark.parametrize("size", [(8, 8), (9, 13), (7, 5)])
@pytest.mark.parametrize("batch", [1, 3])
def test_latents_of_any_size_and_number_are_denoised(run: Run, size: tuple[int, int], batch: int):
    got = run(Latent(torch.zeros(batch, 4, *size)))
    assert got.shape == (batch, 4, *size)
    assert got.isfinite().all()


def test_an_image_of_a_batch_can_be_made_alone(run: Run):
    batch = run(empty(3, batch_index=(0, 1, 2)))
    torch.testing.assert_close(run(empty(batch_index=(2,))), batch[2:], rtol=1e-4, atol=1e-4)


def test_the_highest_level_starts_with_the_pictures_own_variance():
    zeros, ones = torch.zeros(1), torch.ones(1)
    assert float(noised(zeros, ones, TRAINED.highest, TRAINED)) == pytest.approx(float((1 + TRAINED.highest**2).sqrt()))
    assert float(noised(zeros, ones, torch.tensor(2.0), TRAINED)) == 2.0


def test_steps_are_reported_with_a_small_picture(run: Run):
    seen = []
    run(on_step=lambda done, total, picture: seen.append((done, total, picture().size)))
    assert seen == [(1, 3, (8, 8)), (2, 3, (8, 8)), (3, 3, (8, 8))]


def test_stopping_acts_within_the_network(run: Run):
    def stop() -> None:
        raise Stopped("Stopped.")

    with pytest.raises(Stopped):
        run(stop=stop)


def test_numbers_that_are_none_are_an_error_at_once(run: Run):
    broken = Conditioning((Cond(torch.full((1, 5, 32), float("nan"))),))
    with pytest.raises(NotFinite, match="step 1 of euler"):
        run(positive=broken)


def test_a_single_level_adds_its_noise_and_takes_no_step(run_along: Callable[..., Tensor]):
    sigmas = sigmas_for("karras", TRAINED, 4)
    begun = run_along(sigmas[:1])
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(begun, noise * (1 + TRAINED.highest**2).sqrt() / 0.18215)
    torch.testing.assert_close(
        run_along(sigmas, Latent(begun), add_noise=False), run_along(sigmas), rtol=1e-3, atol=1e-3
    )
    assert not run_along(sigmas[:0]).any()


def test_what_only_an_inpainting_model_sees_is_a_warning_on_another(run: Run):
    said = []
    shown = replace(prompt(1).entries[0], concat=torch.zeros(1, 5, 8, 8))
    assert torch.equal(run(positive=Conditioning((shown,)), warn=said.append), run(warn=said.append))
    assert len(said) == 1
    assert "inpainting checkpoint" in said[0]


@pytest.mark.parametrize("denoise", [1.0, 0.0])
def test_a_latent_that_holds_no_numbers_is_not_blamed_on_the_sampler(run: Run, denoise: float):
    with pytest.raises(NotFinite, match="The latent to start from"):
        run(Latent(torch.full((1, 4, 8, 8), float("nan"))), denoise=denoise)


def test_a_prompt_of_another_text_encoder_is_refused_with_both_widths(run: Run):
    with pytest.raises(DiffusionError, match="in 48 numbers a token and the model listens to 32"):
        run(positive=prompt(1, width=48))


def test_an_inpainting_checkpoint_is_shown_the_picture(tmp_path: Path, tiny_tensors, tiny_configs, tiny_metadata):
    configs = dict(tiny_configs) | {"model": replace(tiny_configs["model"], in_channels=9)}
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    save_file(tiny_tensors(configs), tmp_path / "models" / "checkpoints" / "inpainting.safetensors", tiny_metadata)
    folders = ModelFolders(tmp_path)
    residency = Residency(folders, choose_device("cpu"))
    model = open_checkpoint(folders, "inpainting.safetensors").model
    settings = {"seed": 1, "steps": 2, "cfg": 2.0, "sampler_name": "euler", "scheduler": "normal"}

    def redrawn(latent: Latent) -> Tensor:
        return sample(residency, model, prompt(1), prompt(2), latent, **settings).samples

    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 32:] = 1
    light, dark = (Latent(torch.full((1, 4, 8, 8), value), mask=mask) for value in (1.0, -1.0))
    assert not torch.allclose(redrawn(light)[..., 4:], redrawn(dark)[..., 4:], atol=1e-3)
    assert redrawn(empty()).isfinite().all()


@pytest.mark.gpu
@pytest.mark.parametrize(("dtype", "error"), [("fp32", 5e-3), ("auto", 0.05)])
def test_a_cuda_device_gives_the_same_latent(demo_folders: ModelFolders, dtype: str, error: float):
    """With guidance, two areas, a mask and a batch, so that every tensor has to be on the device.

    Prompts that the model knows and an ODE sampler: noise for prompts, or a few long SDE steps, multiply rounding to
    half precision tenfold on any device (measured on a CPU: 0.5 % here, 5 % there). In fp32 the device still multiplies
    in TF32, which keeps ten bits.
    """
    checkpoint = open_checkpoint(demo_folders, "patchbay-demo.safetensors")
    host = Residency(demo_folders, choose_device("cpu"))
    whole, part, negative = (
        encode(host, demo_folders, checkpoint.text, text, warn=pytest.fail).entries[0]
        for text in ("a red house on a meadow at sunset", "a blue house in the snow by day", "")
    )
    positive = Conditioning((whole, replace(part, area=Area(64, 0, 128, 128), strength=0.5)))
    latent = Latent(torch.ones(2, 4, 16, 32), mask=torch.linspace(0, 1, 256).expand(1, 1, 128, 256))
    settings = {"seed": 1, "steps": 4, "cfg": 5.0, "sampler_name": "euler", "scheduler": "normal"}
    results = [
        sample(residency, checkpoint.model, positive, Conditioning((negative,)), latent, **settings).samples
        for residency in (host, Residency(demo_folders, choose_device("cuda", dtype)))
    ]
    expected, got = results
    assert not got.is_cuda
    assert (got - expected).norm() < error * expected.norm()


def test_a_latent_of_another_family_is_refused(run: Run):
    with pytest.raises(DiffusionError, match="16 channels and the model works on 4"):
        run(Latent(torch.zeros(1, 16, 8, 8)))
