import torch
from hypothesis import given
from hypothesis import strategies as st

from diffusion.conditioning import Cond, Conditioning
from diffusion.turns import levels, within

SIGMAS = [14.0, 9.0, 5.0, 2.0, 0.5, 0.0]
EMBEDS = torch.zeros(1, 3, 2)


def forms(*steps: tuple[int, ...]) -> Conditioning:
    return Conditioning(tuple(Cond(EMBEDS, extra={"steps": each}) for each in steps))


def acting(prompt: Conditioning, sigma: float, sigmas: list[float] = SIGMAS) -> list[int]:
    return [i for i, entry in enumerate(prompt.entries) if within(sigma, levels(entry, prompt, sigmas))]


def test_an_entry_without_steps_always_acts():
    assert levels(Cond(EMBEDS), Conditioning((Cond(EMBEDS),)), SIGMAS) is None
    assert within(3.0, None)


def test_a_prompt_that_changes_once_changes_at_the_level_of_that_step():
    prompt = forms((0, 1), (2, 3, 4))
    assert [acting(prompt, sigma) for sigma in SIGMAS] == [[0], [0], [1], [1], [1], [1]]


def test_a_level_between_two_steps_belongs_to_the_one_it_is_reached_from():
    prompt = forms((0, 1), (2, 3, 4))
    assert acting(prompt, 5.1) == [0]
    assert acting(prompt, 4.9) == [1]


def test_a_level_that_is_only_nearly_met_counts_as_met():
    prompt = forms((0, 1), (2, 3, 4))
    assert acting(prompt, 5.0 * (1 + 1e-6)) == acting(prompt, 5.0 * (1 - 1e-6)) == [1]


def test_noise_added_before_the_first_step_belongs_to_it():
    assert acting(forms((0,), (1, 2, 3, 4)), 15.0) == [0]


def test_a_run_of_more_steps_keeps_the_last_form():
    longer = [14.0, 9.0, 5.0, 4.0, 3.0, 2.0, 0.5, 0.0]
    prompt = forms((0, 1), (2, 3))
    assert [acting(prompt, sigma, longer) for sigma in longer] == [[0], [0], [1], [1], [1], [1], [1], [1]]


@given(st.integers(1, 12), st.data())
def test_exactly_one_form_of_a_prompt_acts_at_every_level(count, data):
    owners = [data.draw(st.integers(0, 2)) for _ in range(count)]
    prompt = forms(*(tuple(step for step, owner in enumerate(owners) if owner == i) for i in set(owners)))
    sigmas = [float(count - step) for step in range(count)] + [0.0]
    sigma = data.draw(st.floats(0, count + 1))
    assert len(acting(prompt, sigma, sigmas)) == 1
