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
        "lms": "diffusion.samplers.multistep",
        "dpm_fast": "diffusion.samplers.dpm_solver",
        "dpm_adaptive": "diffusion.samplers.dpm_solver",
        "dpmpp_2s_ancestral": "diffusion.samplers.dpmpp",
        "dpmpp_2s_ancestral_cfg_pp": "diffusion.samplers.dpmpp",
        "dpmpp_sde": "diffusion.samplers.dpmpp_sde",
        "dpmpp_sde_gpu": "diffusion.samplers.dpmpp_sde",
        "dpmpp_2m": "diffusion.samplers.dpmpp",
        "dpmpp_2m_cfg_pp": "diffusion.samplers.dpmpp",
        "dpmpp_2m_sde": "diffusion.samplers.dpmpp_sde",
        "dpmpp_2m_sde_gpu": "diffusion.samplers.dpmpp_sde",
        "dpmpp_2m_sde_heun": "diffusion.samplers.dpmpp_sde",
        "dpmpp_2m_sde_heun_gpu": "diffusion.samplers.dpmpp_sde",
        "dpmpp_3m_sde": "diffusion.samplers.dpmpp_sde",
        "dpmpp_3m_sde_gpu": "diffusion.samplers.dpmpp_sde",
        "ddpm": "diffusion.samplers.posterior",
        "lcm": "diffusion.samplers.posterior",
        "ipndm": "diffusion.samplers.multistep",
        "ipndm_v": "diffusion.samplers.multistep",
        "deis": "diffusion.samplers.multistep",
        "res_multistep": "diffusion.samplers.res",
        "res_multistep_cfg_pp": "diffusion.samplers.res",
        "res_multistep_ancestral": "diffusion.samplers.res",
        "res_multistep_ancestral_cfg_pp": "diffusion.samplers.res",
        "gradient_estimation": "diffusion.samplers.gradient_estimation",
        "gradient_estimation_cfg_pp": "diffusion.samplers.gradient_estimation",
        "er_sde": "diffusion.samplers.er_sde",
        "seeds_2": "diffusion.samplers.seeds",
        "seeds_3": "diffusion.samplers.seeds",
        "sa_solver": "diffusion.samplers.sa_solver",
        "sa_solver_pece": "diffusion.samplers.sa_solver",
        "ddim": "diffusion.samplers.euler",
        "uni_pc": "diffusion.samplers.uni_pc",
        "uni_pc_bh2": "diffusion.samplers.uni_pc",
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
