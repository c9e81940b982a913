from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from diffusion.errors import DiffusionError
from diffusion.names import SCHEDULES
from diffusion.schedules import schedule, sigmas_for
from diffusion.sigmas import scaled_linear

TRAINED = scaled_linear()
GOLDENS = load_file(Path(__file__).parents[1] / "golden" / "sigmas.safetensors")
NOT_A_NUMBER = "kl_optimal/1"  # the engine that made the goldens divides 0 by 0 there


@pytest.mark.parametrize("case", sorted(GOLDENS.keys() - {NOT_A_NUMBER}))
def test_schedules_match_the_goldens(case: str):
    name, steps = case.split("/")
    torch.testing.assert_close(schedule(name)(TRAINED, int(steps)), GOLDENS[case], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 7, 50, 1000])
def test_every_schedule_falls_strictly_to_zero(name: str, steps: int):
    sigmas = schedule(name)(TRAINED, steps)
    assert sigmas.dtype == torch.float32
    assert sigmas[-1] == 0
    assert (sigmas.diff() < 0).all()


@pytest.mark.parametrize("name", SCHEDULES.keys() - {"ddim_uniform"})
@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_all_but_ddim_uniform_start_at_the_highest_level_and_take_the_steps_asked_for(name: str, steps: int):
    sigmas = schedule(name)(TRAINED, steps)
    assert len(sigmas) == steps + 1
    torch.testing.assert_close(sigmas[0], TRAINED.highest)


def test_partial_denoising_spends_all_steps_on_the_tail():
    whole = sigmas_for("karras", TRAINED, 20)
    tail = sigmas_for("karras", TRAINED, 10, denoise=0.5)
    assert tail.tolist() == whole[-11:].tolist()


def test_no_denoising_has_no_sigmas():
    assert len(sigmas_for("normal", TRAINED, 20, denoise=0.0)) == 0


def test_the_level_before_zero_is_dropped_for_samplers_that_look_below_it():
    whole, dropped = sigmas_for("normal", TRAINED, 5), sigmas_for("normal", TRAINED, 4, sampler_name="dpm_2")
    assert dropped.tolist() == [*whole[:4].tolist(), 0.0]


def test_an_unknown_schedule_is_refused_with_the_names_there_are():
    with pytest.raises(DiffusionError, match=r"no schedule called 'karas'.*karras"):
        schedule("karas")


def test_a_denoise_just_below_1_keeps_to_the_number_of_steps():
    assert len(sigmas_for("ddim_uniform", TRAINED, 7)) == 9
    assert len(sigmas_for("ddim_uniform", TRAINED, 7, denoise=0.99)) == 8
