"""What the oldest web interface calls samplers and schedules, both ways.

It once wrote the schedule behind the sampler ("DPM++ 2M Karras"), later beside it, where "Automatic" means the one that
the sampler comes with.
"""

from typing import NamedTuple

SAMPLERS = {
    "euler": "Euler",
    "euler_ancestral": "Euler a",
    "heun": "Heun",
    "dpm_2": "DPM2",
    "dpm_2_ancestral": "DPM2 a",
    "lms": "LMS",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
    "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_2m_sde_heun": "DPM++ 2M SDE Heun",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "ddim": "DDIM",
    "uni_pc": "UniPC",
    "lcm": "LCM",
    "ddpm": "DDPM",
}
SCHEDULES = {
    "normal": "Normal",
    "karras": "Karras",
    "exponential": "Exponential",
    "sgm_uniform": "SGM Uniform",
    "simple": "Simple",
    "ddim_uniform": "DDIM",
    "beta": "Beta",
    "linear_quadratic": "Linear Quadratic",
    "kl_optimal": "KL Optimal",
}
OWN_SCHEDULE = {
    "dpm_2": "karras",
    "dpm_2_ancestral": "karras",
    "dpmpp_2s_ancestral": "karras",
    "dpmpp_sde": "karras",
    "dpmpp_2m": "karras",
    "dpmpp_2m_sde": "exponential",
    "dpmpp_2m_sde_heun": "exponential",
    "dpmpp_3m_sde": "exponential",
    "ddim": "ddim_uniform",
    "uni_pc": "ddim_uniform",
}
"""What "Automatic" means, where it is not "normal"."""
BY_STEPS = {"ddim", "uni_pc"}  # samplers that know no other schedule than their own there
SAMPLERS_BY_NAME = {shown.lower(): name for name, shown in SAMPLERS.items()} | {"k_" + name: name for name in SAMPLERS}
SCHEDULES_BY_NAME = {shown.lower(): name for name, shown in SCHEDULES.items()} | {"uniform": "normal"}


class Named(NamedTuple):
    """Both by our names, and sentences about what there is no name for."""

    sampler: str
    schedule: str
    problems: tuple[str, ...] = ()


def shown_sampler(name: str) -> str:
    """What the interface calls a sampler; its own name where it is not known there."""
    return SAMPLERS.get(name.removesuffix("_gpu"), name)


def shown_schedule(name: str) -> str:
    """What the interface calls a schedule; its own name where it is not known there."""
    return SCHEDULES.get(name, name)


def read_names(sampler: str, schedule: str | None) -> Named:
    """The sampler and schedule that two such names mean; ``schedule`` is None where the text says none."""
    problems: list[str] = []
    found = _sampler(sampler)
    if found is None and schedule is None:
        for shown in sorted(SCHEDULES_BY_NAME, key=len, reverse=True):
            shorter = sampler.lower().removesuffix(f" {shown}")
            if shorter != sampler.lower() and (found := _sampler(shorter)) is not None:
                schedule = shown
                break
    if found is None:
        problems.append(f"There is no sampler {sampler!r} here: euler takes its place.")
        found = "euler"
    if schedule is None:
        return Named(found, OWN_SCHEDULE[found] if found in BY_STEPS else "normal", tuple(problems))
    if schedule.lower() == "automatic":
        return Named(found, OWN_SCHEDULE.get(found, "normal"), tuple(problems))
    if schedule in SCHEDULES:
        return Named(found, schedule, tuple(problems))
    if schedule.lower() not in SCHEDULES_BY_NAME:
        problems.append(f"There is no schedule {schedule!r} here: normal takes its place.")
    return Named(found, SCHEDULES_BY_NAME.get(schedule.lower(), "normal"), tuple(problems))


def _sampler(shown: str) -> str | None:
    name = shown.strip()
    if "_" in name and name.islower():  # our own names are written where the interface has none
        return SAMPLERS_BY_NAME.get(name, name)
    return name if name in SAMPLERS else SAMPLERS_BY_NAME.get(name.lower())
