"""The samplers and schedules one can choose, in the order of the drop-downs. Free of torch, so that lists cost nothing.

A name is the function's name; its value here is the module that holds it. Adding one is writing the function
and putting its name here.
"""

from collections.abc import Mapping
from types import MappingProxyType

SAMPLERS: Mapping[str, str] = MappingProxyType(
    {
        "euler": "diffusion.samplers.euler",
        "euler_cfg_pp": "diffusion.samplers.euler",
        "euler_ancestral": "diffusion.samplers.euler",
        "euler_ancestral_cfg_pp": "diffusion.samplers.euler",
        "heun": "diffusion.samplers.heun",
        "heunpp2": "diffusion.samplers.heun",
        "dpm_2": "diffusion.samplers.dpm",
        "dpm_2_ancestral": "diffusion.samplers.dpm",
        "dpmpp_2m": "diffusion.samplers.dpmpp",
        "ddim": "diffusion.samplers.euler",
    }
)

SCHEDULES: Mapping[str, str] = MappingProxyType(
    {
        "simple": "diffusion.schedules",
        "sgm_uniform": "diffusion.schedules",
        "karras": "diffusion.schedules",
        "exponential": "diffusion.schedules",
        "ddim_uniform": "diffusion.schedules",
        "beta": "diffusion.schedules",
        "normal": "diffusion.schedules",
        "linear_quadratic": "diffusion.schedules",
        "kl_optimal": "diffusion.schedules",
    }
)
