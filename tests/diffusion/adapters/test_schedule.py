import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffusion.adapters.schedule import Keyframe, Scheduled, constant, keyframes, strengths_at
from diffusion.errors import AdapterMismatch
from diffusion.handle import Applied, FileRef

FILE = FileRef("loras/neon.safetensors", "1")
SIGMAS = (14.0, 8.0, 4.0, 1.0, 0.0)


def scheduled(text, gliding=False):
    return Scheduled(FILE, keyframes(text), gliding)


def test_keyframes_are_percent_of_the_steps_and_a_strength_each():
    assert keyframes("0%: 1, 50 % :0.3\n 87.5%:-2") == (Keyframe(0, 1), Keyframe(0.5, 0.3), Keyframe(0.875, -2))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "begins with its strength at 0%"),
        ("20%: 1", "begins with its strength at 0%"),
        ("0%: 1, 50%: 0, 50%: 1", "from less to more percent"),
        ("0%: 1, 50%: 0, 20%: 1", "from less to more percent"),
        ("0: 1", "'0: 1' in a schedule should be"),
        ("0%: 1, 0.5", "'0.5' in a schedule should be"),
        ("0%: 1, 101%: 1", "'101%: 1' in a schedule should be"),
        ("0%: nan", "'0%: nan' in a schedule should be"),
        ("0%: strong", "'0%: strong' in a schedule should be"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_reason(text, sentence):
    with pytest.raises(AdapterMismatch, match=sentence):
        keyframes(text)


def test_a_strength_stays_until_the_next_one():
    course = scheduled("0%: 1, 50%: 0.3").along(SIGMAS)
    assert course.strengths == (1, 1, 0.3, 0.3)


def test_a_gliding_strength_lies_on_the_line_between_two():
    course = scheduled("0%: 0, 50%: 1, 100%: 2", gliding=True).along(SIGMAS)
    assert course.strengths == (0, 0.5, 1, 1.5)


def test_a_step_reaches_from_its_own_noise_level_down_to_the_next_which_is_the_next_ones():
    course = scheduled("0%: 0, 25%: 1, 50%: 2, 75%: 3").along(SIGMAS)
    assert [course.at(sigma) for sigma in (20, 14, 9, 8, 5, 4.0001, 1.1, 1, 0.5, 0)] == [0, 0, 0, 1, 1, 2, 2, 3, 3, 3]


@given(st.integers(1, 60), st.integers(0, 100))
def test_the_step_at_which_a_strength_begins_is_the_first_at_or_after_its_percent(steps, percent):
    sigmas = [float(steps - step) for step in range(steps + 1)]
    later = f", {percent}%: 1" if percent else ""
    strengths = scheduled(f"0%: {0 if percent else 1}{later}").along(sigmas).strengths
    assert [bool(strength) for strength in strengths] == [100 * step >= percent * steps for step in range(steps)]


def test_strengths_of_the_same_adapter_add_up_and_zeros_are_left_out():
    twice = [scheduled("0%: 1").along(SIGMAS), scheduled("0%: 0.5, 50%: -1").along(SIGMAS)]
    assert strengths_at(twice, 14.0) == {Applied(FILE, 1.0): 1.5}
    assert strengths_at(twice, 1.0) == {}


def test_a_schedule_that_stays_is_known_to():
    assert constant(keyframes("0%: 0.5, 30%: 0.5")) == 0.5
    assert constant(keyframes("0%: 0.5, 30%: 0.4")) is None


def test_a_run_without_steps_has_a_strength_all_the_same():
    assert scheduled("0%: 0.5").along((1.0,)).at(1.0) == 0.5
