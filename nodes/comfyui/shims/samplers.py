"""``comfy.samplers``: the names of samplers and schedulers."""

from typing import ClassVar

from diffusion.names import SAMPLERS, SCHEDULES


class KSampler:
    """Carries the lists that packs offer in their drop-downs."""

    SAMPLERS: ClassVar[list[str]] = list(SAMPLERS)
    SCHEDULERS: ClassVar[list[str]] = list(SCHEDULES)


SAMPLER_NAMES = KSampler.SAMPLERS
SCHEDULER_NAMES = KSampler.SCHEDULERS
