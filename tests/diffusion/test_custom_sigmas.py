import pytest
import torch

from diffusion.custom_sigmas import (
    align_your_steps,
    flipped,
    karras_between,
    laplace,
    polyexponential,
    split,
    split_for,
    turbo,
    variance_preserving,
)
from diffusion.schedules import schedule
from diffusion.sigmas import scaled_linear

TRAINED = scaled_linear()
HIGH, LOW = float(TRAINED.highest), float(TRAINED.lowest)


@pytest.mark.parametrize("steps", [1, 2, 10, 25])
def test_over_the_trained_range_they_are_the_schedules_of_that_name(steps: int):
    assert torch.equal(karras_between(steps, HIGH, LOW), schedule("karras")(TRAINED, steps))
    torch.testing.assert_close(polyexponential(steps, HIGH, LOW), schedule("exponential")(TRAINED, steps))


@pytest.mark.parametrize(
    "sigmas", [laplace(10, HIGH, LOW), variance_preserving(10), turbo(TRAINED, 10), align_your_steps(10)]
)
def test_they_fall_to_zero_in_the_steps_asked_for(sigmas: torch.Tensor):
    assert len(sigmas) == 11
    assert sigmas[-1] == 0
    assert (sigmas.diff() <= 0).all()


def test_one_step_of_turbo_starts_at_the_highest_level():
    assert turbo(TRAINED, 1).tolist() == pytest.approx([HIGH, 0.0])
    assert turbo(TRAINED, 1, denoise=0.5).tolist() == pytest.approx([float(TRAINED.values[499]), 0.0])


def test_aligned_steps_pass_the_published_levels():
    whole, halves = align_your_steps(10), align_your_steps(20)
    torch.testing.assert_close(halves[::2], whole)
    assert align_your_steps(10, denoise=0.3).tolist() == whole[-4:].tolist()
    assert len(align_your_steps(10, denoise=0.0)) == 0
    assert align_your_steps(10, family="SVD").tolist()[:2] == [pytest.approx(700.0), pytest.approx(54.5)]


def test_a_split_run_can_be_joined_at_its_level():
    sigmas = schedule("karras")(TRAINED, 10)
    first, second = split(sigmas, 4)
    assert first.tolist() + second.tolist()[1:] == sigmas.tolist()
    assert [len(part) for part in split_for(sigmas, 0.3)] == [8, 4]


def test_flipped_levels_start_just_above_zero():
    assert flipped(torch.tensor([3.0, 1.0, 0.0])).tolist() == pytest.approx([0.0001, 1.0, 3.0])
    assert flipped(torch.tensor([3.0, 1.0])).tolist() == [1.0, 3.0]
    assert len(flipped(torch.zeros(0))) == 0
