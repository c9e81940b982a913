from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from diffusion.custom_sampling import CPU_NOISE
from diffusion.errors import DiffusionError
from diffusion.names import SAMPLERS
from diffusion.noise import start_noise
from diffusion.samplers.sampler import ancestral, sampler
from diffusion.schedules import sigmas_for
from diffusion.sigmas import TrainedSigmas, scaled_linear

TRAINED = scaled_linear()
IMAGE = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
ENDS_AT = {"dpm_fast": 0.03, "dpm_adaptive": 0.03, "uni_pc": 0.001, "uni_pc_bh2": 0.001}
"""The sigma at which a sampler ends that does not go to 0: what is left of the noise there."""
SHRINKING = {"lcm", "dpmpp_2s_ancestral_cfg_pp"}
"""One wants a network that answers with pictures rather than their mean, one holds a known slip."""
ODE = ("euler", "heun", "heunpp2", "dpm_2", "dpmpp_2m", "ddim")


@dataclass
class Constant:
    """Sees the same picture in everything, and counts how often it is asked."""

    image: Tensor = IMAGE
    trained: TrainedSigmas = TRAINED
    asked: list[float] = field(default_factory=list)

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        self.asked.append(float(sigma))
        return self.image

    def pair(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        return self(x, sigma), self.image


@dataclass
class Gaussian:
    """The exact denoiser of pictures whose pixels are standard normal."""

    trained: TrainedSigmas = TRAINED

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x / (1 + sigma**2)

    def pair(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        return self(x, sigma), self(x, sigma)


def run(name: str, denoise: Constant | Gaussian, x: Tensor, sigmas: Tensor, on_step=lambda *_: None) -> Tensor:
    return sampler(name)(denoise, x, sigmas, start_noise(CPU_NOISE, x, 1, sigmas), on_step)


def start(like: Tensor = IMAGE) -> Tensor:
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(0)) * TRAINED.highest


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_lands_on_the_picture_its_denoiser_always_sees(name: str, steps: int):
    sigmas = sigmas_for("karras", TRAINED, steps, sampler_name=name)
    left = 4 * ENDS_AT.get(name, 0)
    torch.testing.assert_close(run(name, Constant(), start(), sigmas), IMAGE, atol=1e-4 + left, rtol=0)


@pytest.mark.parametrize("name", ODE)
def test_solvers_of_the_ode_follow_its_closed_form_for_gaussian_pictures(name: str):
    """dx/dσ = x·σ / (1 + σ²) has the solution x ∝ √(1 + σ²)."""
    sigmas = sigmas_for("karras", TRAINED, 400, sampler_name=name)
    x = start()
    torch.testing.assert_close(run(name, Gaussian(), x, sigmas), x / (1 + TRAINED.highest**2).sqrt(), rtol=0.03, atol=0)


@pytest.mark.parametrize("name", SAMPLERS.keys() - SHRINKING)
def test_pictures_come_out_with_the_variance_they_were_trained_on(name: str):
    sigmas = sigmas_for("karras", TRAINED, 100, sampler_name=name)
    x = start(torch.zeros(1, 4, 48, 48))
    assert float(run(name, Gaussian(), x, sigmas).std()) == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_same_seed_gives_the_same_picture(name: str):
    sigmas = sigmas_for("normal", TRAINED, 5, sampler_name=name)
    assert torch.equal(run(name, Gaussian(), start(), sigmas), run(name, Gaussian(), start(), sigmas))


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_step_is_reported_in_order(name: str):
    reported = []
    sigmas = sigmas_for("karras", TRAINED, 6, sampler_name=name)
    run(name, Constant(), start(), sigmas, lambda done, total, denoised: reported.append((done, total)))
    total = reported[-1][1]
    assert reported == [(done, total) for done in range(1, total + 1)]


@pytest.mark.gpu
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_cuda_device_gives_the_same_picture(name: str):
    sigmas = sigmas_for("karras", TRAINED, 7, sampler_name=name)
    expected = run(name, Gaussian(), start(), sigmas)
    got = run(name, Gaussian(), start().cuda(), sigmas)
    assert got.is_cuda
    torch.testing.assert_close(got.cpu(), expected, atol=1e-4, rtol=1e-4)


def test_heun_asks_twice_a_step_but_the_last():
    denoise = Constant()
    run("heun", denoise, start(), sigmas_for("karras", TRAINED, 4))
    assert len(denoise.asked) == 7


def test_an_ancestral_step_keeps_the_variance_of_the_level_it_goes_to():
    down, up = ancestral(torch.tensor(5.0), torch.tensor(2.0))
    assert float(down**2 + up**2) == pytest.approx(4.0)
    assert ancestral(torch.tensor(5.0), torch.tensor(2.0), eta=0.0) == (2.0, 0.0)


def test_an_unknown_sampler_is_refused_with_the_names_there_are():
    with pytest.raises(DiffusionError, match=r"no sampler called 'euler_a'.*euler_ancestral"):
        sampler("euler_a")


def noise_in(x: Tensor) -> Tensor:
    """What a made-up network takes for the noise in x, which is scaled as a variance-preserving process has it."""
    return 0.6 * x.tanh() + 0.2 * (3 * x).sin() - 0.1


@dataclass
class Curved:
    """The denoiser of that network."""

    trained: TrainedSigmas = TRAINED

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x - sigma * noise_in(x / (1 + sigma**2).sqrt())


def test_ddim_along_its_own_schedule_is_the_published_scheduler():
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False, steps_offset=1
    )
    scheduler.set_timesteps(10)
    sigmas = sigmas_for("ddim_uniform", TRAINED, 10)
    x = start()
    expected = x / (1 + sigmas[0] ** 2).sqrt()
    for time in scheduler.timesteps:
        expected = scheduler.step(noise_in(expected), time, expected).prev_sample
    torch.testing.assert_close(run("ddim", Curved(), x, sigmas), expected, rtol=1e-4, atol=1e-4)


def test_linear_multistep_is_the_published_scheduler_in_all_its_orders():
    from diffusers import LMSDiscreteScheduler

    scheduler = LMSDiscreteScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    scheduler.set_timesteps(9)
    sigmas = scheduler.sigmas[:-1].float()
    x = expected = start()
    for time, sigma in zip(scheduler.timesteps[:-1], sigmas[:-1], strict=True):
        scaled = scheduler.scale_model_input(expected, time)
        torch.testing.assert_close(scaled, expected / (1 + sigma**2).sqrt())
        expected = scheduler.step(noise_in(scaled), time, expected).prev_sample
    torch.testing.assert_close(run("lms", Curved(), x, sigmas), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["ipndm", "ipndm_v", "lms"])
def test_multistep_solvers_of_order_4_are_adams_and_bashforths_on_even_steps(name: str):
    """Hairer, Nørsett & Wanner (1993), table III.1.1; of `ipndm_v` up to order 2, where no slip of its code counts."""
    sigmas = torch.linspace(10, 4, 7)
    steps = 2 if name == "ipndm_v" else 6
    slopes = torch.sin(torch.arange(6.0))

    class Told:
        trained = TRAINED
        asked = 0

        def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
            self.asked += 1
            return x - sigma * slopes[self.asked - 1]

    weights = {1: [1], 2: [3 / 2, -1 / 2], 3: [23 / 12, -16 / 12, 5 / 12], 4: [55 / 24, -59 / 24, 37 / 24, -9 / 24]}
    x = torch.ones(1, 1, 2, 2)
    expected = x.clone()
    for i in range(steps):
        order = min(i + 1, 4)
        expected -= sum(w * slopes[i - back] for back, w in enumerate(weights[order]))
    got = run(name, Told(), x, sigmas[: steps + 1])
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)
