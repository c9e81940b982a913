import math

import pytest
import torch

from diffusion.sigmas import distilled, scaled_linear, zero_terminal_snr

TRAINED = scaled_linear()


def test_stable_diffusion_was_trained_between_these_levels():
    assert len(TRAINED) == 1000
    assert float(TRAINED.lowest) == pytest.approx(0.0291672, rel=1e-5)
    assert float(TRAINED.highest) == pytest.approx(14.6146412, rel=1e-6)


@pytest.mark.parametrize("time", [0, 1, 500, 998, 999])
def test_a_level_and_its_time_belong_together(time: int):
    sigma = TRAINED.at(torch.tensor(float(time)))
    torch.testing.assert_close(sigma, TRAINED.values[time])
    assert int(TRAINED.time(sigma)) == time


def test_levels_outside_the_training_are_read_as_the_nearest_time():
    assert int(TRAINED.time(torch.tensor(1000.0))) == 999
    assert int(TRAINED.time(torch.tensor(1e-3))) == 0


def test_percents_run_from_all_noise_to_none():
    assert TRAINED.at_percent(0.0) == math.inf
    assert TRAINED.at_percent(1.0) == 0.0
    levels = [TRAINED.at_percent(percent / 10) for percent in range(11)]
    assert levels == sorted(levels, reverse=True)


def test_a_distilled_network_knows_every_twentieth_time():
    kept = distilled(TRAINED)
    assert len(kept) == 50
    assert torch.equal(kept.highest, TRAINED.highest)
    assert kept.times(2).tolist() == [999.0, 19.0]
    for time in (19, 39, 999):
        assert int(kept.time(TRAINED.values[time])) == time
        torch.testing.assert_close(kept.at(torch.tensor(float(time))), TRAINED.values[time])
    assert kept.at_percent(0.5) == pytest.approx(TRAINED.at_percent(0.5), rel=1e-2)


def test_zero_terminal_snr_leaves_the_first_level_and_lifts_the_last():
    rescaled = zero_terminal_snr(TRAINED)
    torch.testing.assert_close(rescaled.lowest, TRAINED.lowest)
    assert float(rescaled.highest) == pytest.approx(4518.7, rel=1e-4)
    assert (rescaled.values.diff() > 0).all()


def test_zero_terminal_snr_is_the_papers_published_rescaling_but_for_the_last_level():
    from diffusers.schedulers.scheduling_ddim import rescale_zero_terminal_snr

    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = (1 - rescale_zero_terminal_snr(betas)).cumprod(0)[:-1]
    torch.testing.assert_close(zero_terminal_snr(TRAINED).exact[:-1], ((1 - kept) / kept).sqrt(), rtol=1e-6, atol=0)


def test_a_distilled_network_knows_the_times_of_the_published_scheduler():
    from diffusers import LCMScheduler

    scheduler = LCMScheduler(original_inference_steps=50)
    scheduler.set_timesteps(50)
    kept = distilled(TRAINED)
    assert [int(kept.time(sigma)) for sigma in kept.values.flip(0)] == scheduler.timesteps.tolist()
