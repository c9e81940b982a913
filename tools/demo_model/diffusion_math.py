"""Stable Diffusion 1.x's noise: the schedule, noised latents and how much each noise level counts."""

import torch
from torch import Tensor

STEPS = 1000


def signal_shares() -> Tensor:
    """Cumulative alphas of the scaled-linear schedule: (1000,)."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, STEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0).float()


def loss_weights(*, highest: float = 2.0) -> Tensor:
    """Weight of each time for a prediction of noise, with mean 1: (1000,).

    Min-SNR-5 (Hang et al. 2023, arXiv:2303.09556), and up to `highest` times more where the picture is drowned in
    noise: only the text knows the answer there, so colors and places are decided there.
    """
    ratio = signal_shares() / (1 - signal_shares())
    weights = ratio.clamp(max=5.0) / ratio * ratio.rsqrt().clamp(1.0, highest)
    return weights / weights.mean()


def spread_times(count: int, generator: torch.Generator) -> Tensor:
    """Random times, one from each of `count` equal slices: (count,); less noise in the gradient at no cost."""
    device = generator.device
    order = torch.randperm(count, generator=generator, device=device)
    slices = (order + torch.rand(count, generator=generator, device=device)) / count
    return (slices * STEPS).long().clamp(max=STEPS - 1)


def noised(latents: Tensor, noise: Tensor, times: Tensor, shares: Tensor) -> Tensor:
    share = shares[times].view(-1, 1, 1, 1)
    return share.sqrt() * latents + (1 - share).sqrt() * noise  # (B, 4, H, W)
