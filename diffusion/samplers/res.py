"""RES (Zhang et al. 2023): an exponential multistep solver in λ = −log σ that meets all order conditions."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, ancestral, slope


def res_multistep(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Zhang et al. (2023), "Improved Order Analysis … Exponential Integrator", the multistep solver of order 2."""
    return _res(denoise, x, sigmas, noise, on_step, eta=0.0, cfg_pp=False)


def res_multistep_cfg_pp(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Chung et al. (2024), "CFG++", on `res_multistep`."""
    return _res(denoise, x, sigmas, noise, on_step, eta=0.0, cfg_pp=True)


def res_multistep_ancestral(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """`res_multistep`, overshooting, and noise put back."""
    return _res(denoise, x, sigmas, noise, on_step, eta=1.0, cfg_pp=False)


def res_multistep_ancestral_cfg_pp(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep
) -> Tensor:
    """Chung et al. (2024), "CFG++", on `res_multistep_ancestral`."""
    return _res(denoise, x, sigmas, noise, on_step, eta=1.0, cfg_pp=True)


def _res(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep, *, eta: float, cfg_pp: bool
) -> Tensor:
    before: Tensor | None = None
    down_before = sigmas[0]
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, along = denoise.pair(x, sigma) if cfg_pp else (denoise(x, sigma),) * 2
        on_step(i + 1, len(sigmas) - 1, denoised)
        down, up = ancestral(sigma, sigma_next, eta)
        if before is None or down == 0:
            x = denoised + slope(x, sigma, along) * down
        else:
            h = (sigma / down).log()
            c2 = (down_before / sigmas[i - 1]).log() / h  # where the last prediction was made, in units of this step
            phi_1 = -(-h).expm1() / h
            phi_2 = (1 - phi_1) / h
            x = down / sigma * (x + denoised - along) + h * ((phi_1 - phi_2 / c2) * along + phi_2 / c2 * before)
        if sigma_next > 0:
            x = x + noise.fresh() * up
        before, down_before = along, down
    return x
