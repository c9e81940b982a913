import pytest

from workflows.a1111_names import SAMPLERS, SCHEDULES, read_names, shown_sampler, shown_schedule


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_what_is_shown_is_read_again(sampler, schedule):
    assert read_names(shown_sampler(sampler), shown_schedule(schedule)) == (sampler, schedule, ())


@pytest.mark.parametrize(
    ("sampler", "schedule", "meant"),
    [
        ("DPM++ 2M Karras", None, ("dpmpp_2m", "karras")),
        ("DPM++ 2M SDE Exponential", None, ("dpmpp_2m_sde", "exponential")),
        ("DPM++ 2M SDE Heun Karras", None, ("dpmpp_2m_sde_heun", "karras")),
        ("Euler a", None, ("euler_ancestral", "normal")),
        ("euler A", "karras", ("euler_ancestral", "karras")),
        ("DPM++ 2M", "Automatic", ("dpmpp_2m", "karras")),
        ("DPM++ 2M", None, ("dpmpp_2m", "normal")),
        ("Euler", "Automatic", ("euler", "normal")),
        ("Euler", "Uniform", ("euler", "normal")),
        ("DDIM", None, ("ddim", "ddim_uniform")),
        ("dpmpp_2m", "sgm_uniform", ("dpmpp_2m", "sgm_uniform")),
        ("res_multistep", "Simple", ("res_multistep", "simple")),
    ],
)
def test_names_of_every_age_are_read(sampler, schedule, meant):
    assert read_names(sampler, schedule) == (*meant, ())


def test_what_has_no_name_here_is_said():
    named = read_names("Restart", "Polyexponential")
    assert (named.sampler, named.schedule) == ("euler", "normal")
    assert "'Restart'" in named.problems[0]
    assert "'Polyexponential'" in named.problems[1]


def test_samplers_that_differ_in_the_device_of_their_noise_share_a_name():
    assert shown_sampler("dpmpp_2m_sde_gpu") == "DPM++ 2M SDE"
