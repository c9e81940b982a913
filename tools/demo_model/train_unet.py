"""Trains the U-Net, and the text encoder a little, on stored latents: the long part of the work.

Constant learning rate, then a straight line down over the last minutes (so that a run can be continued and only
its last part is lost). The state on disk is everything: weights, optimizer, averages, random numbers.
"""

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from tools.demo_model.diffusion_math import loss_weights, noised, signal_shares, spread_times
from tools.demo_model.graphed import GraphedPass
from tools.demo_model.networks import Sizes, build_text, build_unet, text_core
from tools.demo_model.optimizer import Optimizer
from tools.demo_model.vocabulary import Vocabulary

TEXT_SHARE = 0.2  # the encoder already tells captions apart when this begins; it only follows the U-Net
DROPPED_CAPTIONS = 0.1  # for classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598)


@dataclass
class Latents:
    """Whitened latents, the compact ids of their captions, and the same captions with unknown words put in."""

    values: Tensor  # (N, 4, H, W)
    ids: Tensor  # (N, 77)
    disturbed_ids: Tensor  # (N, 77)

    def to(self, device: str) -> "Latents":
        return Latents(self.values.to(device), self.ids.to(device), self.disturbed_ids.to(device))


@dataclass
class UnetPlan:
    minutes: float
    decay_minutes: float = 0.0  # the learning rate falls to zero over the last of `minutes`
    batch: int = 64
    rate: float = 2e-3
    warmup_steps: int = 40
    average: float = 0.998
    highest_weight: float = 2.0
    max_steps: int | None = None


@dataclass
class Batch:
    mixed: Tensor  # noised latents (B, 4, H, W)
    times: Tensor  # (B,)
    noise: Tensor  # (B, 4, H, W)
    weights: Tensor  # (B,)
    ids: Tensor  # (B, 77)


@dataclass
class Trainer:
    """The networks, their running averages and the optimizer; `state_dict` holds all of it."""

    sizes: Sizes
    words: Vocabulary
    seed: int = 0
    device: str = "cpu"
    log: Callable[[str], None] = print
    step: int = 0
    samples: int = 0
    unet: nn.Module = field(init=False)
    text: nn.Module = field(init=False)

    def __post_init__(self):
        torch.manual_seed(self.seed)
        self.unet = build_unet(self.sizes)
        self.text = build_text(self.sizes, vocabulary=self.words.rows)
        start_quietly(self.unet)
        self.unet.to(self.device, memory_format=torch.channels_last)
        self.text.to(self.device)
        self.average = copy.deepcopy(nn.ModuleDict({"unet": self.unet, "text": self.text})).requires_grad_(False)
        self.generator = torch.Generator(self.device).manual_seed(self.seed)
        edges = (self.unet.conv_in, self.unet.conv_out, self.unet.time_embedding, text_core(self.text).embeddings)
        groups = [(self.unet.parameters(), 1.0), (self.text.parameters(), TEXT_SHARE)]
        self.optimizer = Optimizer(groups, plain=[p for module in edges for p in module.parameters()])

    def start_from_text(self, text: Mapping[str, Tensor]) -> None:
        """Take over an encoder that has learnt to tell captions apart."""
        self.text.load_state_dict(text)
        self.average["text"].load_state_dict(text)

    def run(
        self, latents: Latents, plan: UnetPlan, *, save_to: Path | None = None, save_every: float = 120.0
    ) -> list[float]:
        """Train within the plan's minutes; returns the loss of every step."""
        latents = latents.to(self.device)
        shares, weights = signal_shares().to(self.device), loss_weights(highest=plan.highest_weight).to(self.device)
        table = text_core(self.text).embeddings.token_embedding.weight
        unet_parameters, text_parameters = list(self.unet.parameters()), list(self.text.parameters())
        backward = self._unet_pass
        losses: list[Tensor] = []
        begun = saved = time.monotonic()
        while (left := plan.minutes * 60 - (time.monotonic() - begun)) > 0 and len(losses) != plan.max_steps:
            if self.step % 25 == 0:
                self.words.shuffle_unknown(table, self.generator)
            batch = self._draw(latents, plan.batch, shares, weights)
            if self.device == "cuda" and backward == self._unet_pass:
                backward = GraphedPass(self._unet_pass, unet_parameters, self._example(batch))
            _context, _context_gradient, loss = self._both(backward, batch, unet_parameters, text_parameters)
            self.words.freeze_unknown(table.grad)
            nn.utils.clip_grad_norm_(unet_parameters + text_parameters, 1.0)
            rate = plan.rate * min(1.0, (len(losses) + 1) / plan.warmup_steps)
            rate *= min(1.0, left / (plan.decay_minutes * 60)) if plan.decay_minutes else 1.0
            self.optimizer.step(rate)
            self._follow(plan.average)
            self.step += 1
            self.samples += plan.batch
            losses.append(loss)
            if self.step % (50 if self.device == "cpu" else 250) == 0:
                recent = float(torch.stack(losses[-100:]).mean())
                speed = len(losses) * plan.batch / (time.monotonic() - begun)
                self.log(
                    f"step {self.step} samples {self.samples} loss {recent:.4f} rate {rate:.5f} {speed:.0f} samples/s"
                )
            if save_to and time.monotonic() - saved > save_every:
                self.save(save_to)
                saved = time.monotonic()
        if save_to:
            self.save(save_to)
        return [float(loss) for loss in losses]

    def _both(
        self, backward, batch: Batch, unet_parameters: list, text_parameters: list
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of both networks; the U-Net's pass stands apart so that it can be recorded as a graph."""
        for parameter in text_parameters + (unet_parameters if backward == self._unet_pass else []):
            parameter.grad = None
        context = self.text(input_ids=batch.ids).last_hidden_state  # (B, 77, width)
        loss, gradient = backward(batch.mixed, batch.times, batch.noise, batch.weights, context.detach())
        context.backward(gradient)
        return context, gradient, loss.clone()

    def _unet_pass(self, mixed: Tensor, times: Tensor, noise: Tensor, weights: Tensor, context: Tensor):
        """Mean squared error, unweighted, and the gradient toward the context; parameters get theirs on the way."""
        context = context.detach().requires_grad_()
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda", cache_enabled=False):
            predicted = self.unet(mixed, times, context, return_dict=False)[0].float()
        errors = (predicted - noise).square().mean((1, 2, 3))
        (errors * weights).mean().backward()
        return errors.detach().mean(), context.grad

    def _draw(self, latents: Latents, size: int, shares: Tensor, weights: Tensor) -> Batch:
        chosen = torch.randint(len(latents.values), (size,), generator=self.generator, device=self.device)
        clean = latents.values[chosen].float()
        times = spread_times(size, self.generator)
        noise = torch.randn(clean.shape, generator=self.generator, device=self.device)
        mixed = noised(clean, noise, times, shares).contiguous(memory_format=torch.channels_last)
        ids = self.words.mix(
            latents.ids[chosen], latents.disturbed_ids[chosen], self.generator, dropped=DROPPED_CAPTIONS
        )
        return Batch(mixed, times, noise, weights[times], ids)

    def _example(self, batch: Batch) -> tuple[Tensor, ...]:
        context = torch.zeros(*batch.ids.shape, self.sizes.text_width, device=self.device)
        return batch.mixed, batch.times, batch.noise, batch.weights, context

    @torch.no_grad()
    def _follow(self, decay: float) -> None:
        """The average that is shipped; it follows faster while it is young."""
        decay = min(decay, (1 + self.step) / (10 + self.step))
        current = [p.detach() for module in (self.unet, self.text) for p in module.parameters()]
        torch._foreach_lerp_(list(self.average.parameters()), current, 1 - decay)

    def state_dict(self) -> dict:
        return {
            "unet": self.unet.state_dict(),
            "text": self.text.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "vocabulary": dict(self.words.row_of),
            "random": self.generator.get_state(),
            "step": self.step,
            "samples": self.samples,
        }

    def load_state_dict(self, state: Mapping) -> None:
        self.unet.load_state_dict(state["unet"])
        self.text.load_state_dict(state["text"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["random"])
        self.step, self.samples = state["step"], state["samples"]

    def save(self, path: Path) -> None:
        unfinished = path.with_suffix(".part")
        torch.save(self.state_dict(), unfinished)
        unfinished.replace(path)


def start_quietly(unet: nn.Module) -> None:
    """Zero the last layer of every residual branch, so that training begins from the identity."""
    ends = ("conv2", "proj_out", "to_out.0", "ff.net.2", "conv_out")
    for name, module in unet.named_modules():
        if name.endswith(ends) and hasattr(module, "weight"):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
