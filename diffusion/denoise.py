"""A denoiser maps a noisy latent and its sigma to the clean latent. These are the network's, and what wraps it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from diffusion.adapters.schedule import strengths_at
from diffusion.branches import Branches, Strengths
from diffusion.guidance import RescaleGuidance, Rule
from diffusion.regions import Region
from diffusion.samplers.sampler import Denoiser
from diffusion.sigmas import TrainedSigmas
from diffusion.steering import Nets, Steering, residuals

Prediction = Literal["eps", "v", "x0", "lcm"]
"""What a network answers: the noise, the velocity, the clean latent, or the noise of a consistency model."""
LCM_TIME_SCALE, LCM_SPREAD = 10.0, 0.5
NEGATIVE = 1  # the place of the negative prompt among a guider's
MOST_REPEATS = 4  # of a prompt's tokens, to run it in one batch with a longer one


@dataclass(frozen=True, eq=False)
class Network:
    """A U-Net trained at discrete times, read as a predictor of the clean latent."""

    module: nn.Module
    trained: TrainedSigmas
    prediction: Prediction = "eps"
    shown: Tensor | None = None
    """For a network that was trained to inpaint: what it sees of a latent where a prompt says nothing else."""
    nets: Nets = field(default_factory=dict)
    """The ControlNets that prompts name."""
    branches: Branches = field(default_factory=Branches)
    """The adapters that prompts or the model schedule."""

    def __call__(
        self,
        x: Tensor,
        sigma: Tensor,
        embeds: Tensor,
        shown: Tensor | None = None,
        controls: Sequence[Sequence[Steering]] = (),
        adapters: Sequence[Strengths] = (),
    ) -> Tensor:
        """x: (B, C, h, w) at noise level ``sigma``; embeds: (B, N, D); shown: (B, C', h, w), as it is.

        ``controls`` steer equal parts of the batch each, and so do ``adapters`` change the network for them.

        Returns: (B, C, h, w), float32.
        """
        dtype = next(self.module.parameters()).dtype
        time = self.trained.time(sigma)
        times = time.to(x.device).expand(len(x))
        scaled = x / (sigma**2 + 1).sqrt()
        added = residuals(self.nets, scaled, times, embeds, controls, dtype)
        if shown is not None:
            scaled = torch.cat([scaled, shown], dim=1)
        with self.branches.acting(adapters):
            answer = self.module(scaled.to(dtype), times, encoder_hidden_states=embeds.to(dtype), **added).sample
        answer = answer.float()
        match self.prediction:
            case "x0":
                return answer
            case "v":  # Salimans & Ho (2022), appendix D
                return x / (sigma**2 + 1) - answer * sigma / (sigma**2 + 1).sqrt()
            case "lcm":  # Luo et al. (2023), "Latent Consistency Models": nothing but x itself at time 0
                distance = (LCM_TIME_SCALE * time) ** 2
                kept = LCM_SPREAD**2 / (distance + LCM_SPREAD**2)
                return (1 - kept).sqrt() * (x - answer * sigma) + kept * x
            case "eps":
                return x - answer * sigma


def predict(network: Network, x: Tensor, sigma: Tensor, prompts: Sequence[Sequence[Region]]) -> list[Tensor]:
    """What each prompt makes of ``x``: the weighted mean of its regions. As few runs of the network as shapes allow.

    Where a prompt has no region that acts now, its prediction is 0.
    """
    level = float(sigma)
    acting = [(i, region) for i, prompt in enumerate(prompts) for region in prompt if region.acts_at(level)]
    totals = [torch.zeros_like(x) for _ in prompts]
    weights = [torch.full_like(x, 1e-37) for _ in prompts]  # not 0: nothing divided by nothing stays nothing
    for batch in _batches(acting):
        embeds = _side_by_side([region.embeds for _, region in batch])
        windows = torch.cat([region.window.of(x) for _, region in batch])
        controls = [[each for each in region.controls if each.acts_at(level)] for _, region in batch]
        adapters = [strengths_at(region.adapters, level) for _, region in batch]
        parts = network(windows, sigma, embeds, _shown(network, batch), controls, adapters).chunk(len(batch))
        for (i, region), part in zip(batch, parts, strict=True):
            region.window.of(totals[i]).add_(part * region.weight)
            region.window.of(weights[i]).add_(region.weight)
    return [total / weight for total, weight in zip(totals, weights, strict=True)]


def predict_composed(network: Network, x: Tensor, sigma: Tensor, prompts: Sequence[Sequence[Region]]) -> list[Tensor]:
    """As `predict`, but composed regions add their weighted differences from the second, the negative, prompt's.

    Liu et al. (2022), equation 11: away + Σ weightᵢ · (predictionᵢ − away). Without a negative prompt, and in it, they
    are averaged.
    """
    level = float(sigma)
    alone = [
        (i, region)
        for i, prompt in enumerate(prompts)
        for region in prompt
        if region.composed and i != NEGATIVE < len(prompts) and region.acts_at(level)
    ]
    if not alone:
        return predict(network, x, sigma, prompts)
    plain = [[region for region in prompt if i == NEGATIVE or not region.composed] for i, prompt in enumerate(prompts)]
    predictions = predict(network, x, sigma, [*plain, *([region] for _, region in alone)])
    away = predictions[NEGATIVE]
    for i in {i for i, _ in alone}:
        if not any(region.acts_at(level) for region in plain[i]):
            predictions[i] = away.clone()
    for (i, region), prediction in zip(alone, predictions[len(prompts) :], strict=True):
        region.window.of(predictions[i]).add_(region.window.of(prediction - away) * region.weight)
    return predictions[: len(prompts)]


def _batches(acting: Sequence[tuple[int, Region]]) -> list[list[tuple[int, Region]]]:
    """Put together regions of one size whose prompts need not be repeated too often to become equally long."""
    batches: list[list[tuple[int, Region]]] = []
    for i, region in acting:
        for batch in batches:
            others = [other for _, other in batch]
            lengths = [each.embeds.shape[1] for each in (*others, region)]
            if region.window.size == others[0].window.size and math.lcm(*lengths) <= MOST_REPEATS * min(lengths):
                batch.append((i, region))
                break
        else:
            batches.append([(i, region)])
    return batches


def _shown(network: Network, batch: Sequence[tuple[int, Region]]) -> Tensor | None:
    if (whole := network.shown) is None:
        return None
    return torch.cat([region.window.of(whole) if region.shown is None else region.shown for _, region in batch])


def _side_by_side(embeds: Sequence[Tensor]) -> Tensor:
    """Batch prompts of different lengths: repeating all tokens changes nothing in cross-attention's weighted mean."""
    longest = math.lcm(*(each.shape[1] for each in embeds))
    return torch.cat([each.repeat(1, longest // each.shape[1], 1) for each in embeds])


@dataclass(frozen=True, eq=False)
class Guided:
    """A network guided by prompts."""

    network: Network
    prompts: Sequence[Sequence[Region]]
    """The negative prompt's regions are the second."""
    rule: Rule
    rescale: RescaleGuidance | None = None

    @property
    def trained(self) -> TrainedSigmas:
        return self.network.trained

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        if self.rule.first_alone and not any(region.composed for region in self.prompts[0]):
            return predict(self.network, x, sigma, self.prompts[:1])[0]
        return self.pair(x, sigma)[0]

    def pair(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        predictions = predict_composed(self.network, x, sigma, self.prompts)
        if len(predictions) == 1:
            return predictions[0], predictions[0]

        def mix(toward: Tensor, away: Tensor, scale: float) -> Tensor:
            if self.rescale is None:
                return away + scale * (toward - away)
            return self.rescale(x, sigma, toward, away, scale)

        return self.rule(mix, predictions), predictions[1]


@dataclass(frozen=True, eq=False)
class Inpainted:
    """Keep the original where the mask is 0, seen by the network with as much noise as the rest has."""

    inner: Denoiser
    original: Tensor  # (B, C, h, w)
    mask: Tensor  # (B or 1, 1 or C, h, w), 1 is redrawn
    noise: Tensor  # (B, C, h, w)

    @property
    def trained(self) -> TrainedSigmas:
        return self.inner.trained

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        return self._kept(self.inner(self._noised(x, sigma), sigma))

    def pair(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        denoised, negative = self.inner.pair(self._noised(x, sigma), sigma)
        return self._kept(denoised), negative

    def _noised(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x * self.mask + (self.original + self.noise * sigma) * (1 - self.mask)

    def _kept(self, denoised: Tensor) -> Tensor:
        return denoised * self.mask + self.original * (1 - self.mask)
