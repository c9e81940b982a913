"""DPM-Solver++ (Lu et al. 2022b): steps in λ = −log σ along which the predicted picture is a polynomial."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from diffusion.samplers.sampler import Denoiser, OnStep, StepNoise, ancestral


def dpmpp_2m(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Lu et al. (2022b), "DPM-Solver++", algorithm 2 (2M): two steps' predictions make a straight line."""
    before: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        ahead = denoised
        if before is not None and sigma_next > 0:
            ahead = denoised + (denoised - before) / (2 * _last_step_ratio(sigmas, i))
        kept = sigma_next / sigma  # e^(−h)
        x = kept * x + (1 - kept) * ahead
        before = denoised
    return x


def dpmpp_2m_cfg_pp(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Chung et al. (2024), "CFG++", on DPM-Solver++ (2M): the guided picture, re-noised along the negative's slope."""
    before: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, negative = denoise.pair(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        kept = sigma_next / sigma  # e^(−h)
        step = kept * (x - negative)
        if before is not None and sigma_next > 0:
            step = step + (1 - kept) * (denoised - before) / (2 * _last_step_ratio(sigmas, i))
        x = denoised + step
        before = negative
    return x


def dpmpp_2s_ancestral(denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep) -> Tensor:
    """Lu et al. (2022b), "DPM-Solver++", algorithm 1 (2S) at r = ½, overshooting, and noise put back."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        down, up = ancestral(sigma, sigma_next)
        x = _midpoint(denoise, x, denoised, sigma, down)
        if sigma_next > 0:
            x = x + noise.fresh() * up
    return x


def dpmpp_2s_ancestral_cfg_pp(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, noise: StepNoise, on_step: OnStep
) -> Tensor:
    """Chung et al. (2024), "CFG++", on `dpmpp_2s_ancestral`: x moves by the guidance, as last seen, before it steps."""
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised, negative = denoise.pair(x, sigma)
        on_step(i + 1, len(sigmas) - 1, denoised)
        down, up = ancestral(sigma, sigma_next)
        if down == 0:
            x = denoised
        else:
            middle = (sigma * down).sqrt()
            halfway = middle / sigma * (x + denoised - negative) + (1 - middle / sigma) * denoised
            ahead, negative = denoise.pair(halfway, middle)
            x = down / sigma * (x + denoised - negative) + (1 - down / sigma) * ahead
        if sigma_next > 0:
            x = x + noise.fresh() * up
    return x


def _midpoint(denoise: Denoiser, x: Tensor, denoised: Tensor, sigma: Tensor, sigma_next: Tensor) -> Tensor:
    """Step with the picture predicted halfway in λ; straight to the prediction where the step ends at 0."""
    if sigma_next == 0:
        return denoised
    middle = (sigma * sigma_next).sqrt()
    halfway = middle / sigma * x + (1 - middle / sigma) * denoised
    return sigma_next / sigma * x + (1 - sigma_next / sigma) * denoise(halfway, middle)


def _last_step_ratio(sigmas: Tensor, i: int) -> Tensor:
    """The last step's length in λ, in units of this one's."""
    return (sigmas[i - 1] / sigmas[i]).log() / (sigmas[i] / sigmas[i + 1]).log()
