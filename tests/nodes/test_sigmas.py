import pytest
import torch

from diffusion.custom_sampling import Sigmas
from diffusion.errors import DiffusionError
from diffusion.sampling import trained_sigmas
from diffusion.schedules import schedule
from nodes.sigmas import (
    align_your_steps,
    basic,
    beta,
    exponential,
    flip,
    karras,
    laplace,
    polyexponential,
    split,
    split_for,
    turbo,
    variance_preserving,
)


def test_a_schedule_by_name_is_that_of_the_sampler_node(checkpoint):
    trained = trained_sigmas(checkpoint.model)
    assert torch.equal(basic(checkpoint.model, "karras", 4).values, schedule("karras")(trained, 4))
    assert torch.equal(basic(checkpoint.model, "normal", 4, 0.5).values, schedule("normal")(trained, 8)[-5:])
    assert len(basic(checkpoint.model, "normal", 4, 0.0).values) == 0


def test_a_schedule_by_name_never_has_a_step_more_than_asked_for(checkpoint):
    assert len(schedule("ddim_uniform")(trained_sigmas(checkpoint.model), 7)) == 9
    assert len(basic(checkpoint.model, "ddim_uniform", 7).values) == 8


@pytest.mark.parametrize("made", [karras(10), laplace(10), variance_preserving(10), align_your_steps("SD1", 10)])
def test_levels_made_by_hand_fall_to_zero_in_the_steps_asked_for(made):
    sigmas = made.values
    assert len(sigmas) == 11
    assert sigmas[-1] == 0
    assert (sigmas.diff() <= 0).all()


def test_defaults_are_the_range_of_stable_diffusion(checkpoint):
    trained = trained_sigmas(checkpoint.model)
    torch.testing.assert_close(karras(steps=10).values, schedule("karras")(trained, 10))
    torch.testing.assert_close(exponential(steps=10).values, schedule("exponential")(trained, 10))
    assert torch.equal(polyexponential(steps=10).values, exponential(steps=10).values)


def test_a_wider_laplace_spreads_its_steps():
    narrow, wide = (laplace(steps=9, mu=1.0, beta=spread).values[:-1].log().std() for spread in (0.2, 1.0))
    assert narrow < wide


def test_turbo_takes_the_levels_it_was_distilled_for(checkpoint):
    trained = trained_sigmas(checkpoint.model)
    assert turbo(checkpoint.model, 2).values.tolist() == pytest.approx(
        [float(trained.values[999]), float(trained.values[899]), 0.0]
    )


def test_beta_at_its_default_is_the_schedule_of_that_name(checkpoint):
    assert torch.equal(beta(checkpoint.model, 10).values, basic(checkpoint.model, "beta", 10).values)
    with pytest.raises(DiffusionError, match="above 0"):
        beta(checkpoint.model, 10, alpha=0.0)


def test_aligned_steps_know_three_families():
    first = [float(align_your_steps(family, 10).values[1]) for family in ("SD1", "SDXL", "SVD")]
    assert first == pytest.approx([6.4745760956, 6.3184485287, 54.5])


def test_the_parts_of_a_split_run_share_the_level_between_them():
    sigmas = karras(steps=4)
    for first, second in (split(sigmas, 1), split_for(sigmas, 0.75)):
        assert first.values.tolist() == sigmas.values[:2].tolist()
        assert second.values.tolist() == sigmas.values[1:].tolist()


def test_with_nothing_left_for_the_second_part_the_first_is_the_whole_run():
    first, second = split_for(karras(steps=4), 0.0)
    assert first.values.tolist() == karras(steps=4).values.tolist()
    assert second.values.tolist() == [0.0]


def test_flipped_levels_rise_from_just_above_zero():
    assert flip(Sigmas(torch.tensor([3.0, 1.0, 0.0]))).values.tolist() == pytest.approx([0.0001, 1.0, 3.0])
