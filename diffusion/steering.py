"""ControlNets at work: what each adds to a network's own answers, at the same noise level and for the same prompt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from diffusion.conditioning import Cond, Conditioning
from diffusion.errors import DiffusionError
from diffusion.handle import ControlHandle, ModelHandle
from diffusion.recipes import files_of
from diffusion.resize import resize
from diffusion.sigmas import TrainedSigmas

if TYPE_CHECKING:
    from diffusion.regions import Region
    from diffusion.residency import Residency

Nets = Mapping[ControlHandle, nn.Module]


@dataclass(frozen=True, slots=True, eq=False)
class Steering:
    """One ControlNet's part in one region."""

    net: ControlHandle
    hint: Tensor  # (B, C, 8 h, 8 w), in pixels of the region
    strength: float
    starts: float  # sigma from which it acts
    ends: float  # sigma below which it no longer does
    shared: bool = False

    def acts_at(self, sigma: float) -> bool:
        return self.ends <= sigma <= self.starts


def steerings(cond: Cond, height: int, width: int, x: Tensor, trained: TrainedSigmas) -> tuple[Steering, ...]:
    """An entry's ControlNets for a region of ``height`` × ``width`` pixels of latents ``x`` (B, C, h, w).

    The hint is cut about its center to the region's ratio and resized by its nearest pixels.
    """
    made = []
    for control in cond.controls:
        if not control.strength:
            continue
        hint = resize(control.hint.movedim(-1, 1), height, width, "nearest-exact", crop=True).to(x)
        if len(hint) != 1:
            hint = hint.repeat(-(-len(x) // len(hint)), 1, 1, 1)[: len(x)]
        starts, ends = (trained.at_percent(percent) for percent in (control.span.start, control.span.end))
        hint = hint.expand(len(x), -1, -1, -1)
        made.append(Steering(control.net, hint, control.strength, starts, ends, control.shared))
    return tuple(made)


def share(prompts: Sequence[list[Region]]) -> None:
    """Let the first prompt's shared ControlNets steer the others too, where none of these has its own.

    What is bounded to an area neither gives nor takes.
    """
    first, *others = prompts
    givers = [r for r in first if r.controls and r.controls[-1].shared and not r.bounded]
    for prompt in others:
        takers = [i for i, region in enumerate(prompt) if not region.bounded]
        if not takers or any(prompt[i].controls for i in takers):
            continue
        for count, giver in enumerate(givers):
            taker = takers[count % len(takers)]
            prompt[taker] = replace(prompt[taker], controls=giver.controls)


@contextmanager
def resident_nets(
    residency: Residency, model: ModelHandle, prompts: Iterable[Conditioning], stop: Callable[[], None] | None
) -> Iterator[Nets]:
    """Every ControlNet that prompts name, on the device beside the model. Raises DiffusionError where one misfits."""
    conds = (cond for prompt in prompts for cond in prompt.entries)
    named = dict.fromkeys(control.net for cond in conds for control in cond.controls if control.strength)
    for net in named:
        _refuse_misfit(residency, model, net)
    with ExitStack() as stack:
        yield {net: stack.enter_context(residency.resident(net, stop)) for net in named}


def residuals(
    nets: Nets, x: Tensor, time: Tensor, embeds: Tensor, controls: Sequence[Sequence[Steering]], dtype: torch.dtype
) -> dict[str, Any]:
    """What ControlNets add to a network's answers, as its further arguments; nothing where none acts.

    x: (P · B, C, h, w) as the network sees it; time: (P · B,); embeds: (P · B, N, D); ``controls`` are those that act
    on each of the P parts. Returns: tensors in ``dtype``.
    """
    jobs = defaultdict(list)
    for part, acting in enumerate(controls):
        for control in acting:
            jobs[control.net].append((part, control))
    totals: list[Tensor] = []
    for net, steered in jobs.items():
        answers = _answers(nets[net], x, time, embeds, steered, len(controls))
        totals = totals or [answer.new_zeros(len(x), *answer.shape[1:]) for answer in answers]
        for total, answer in zip(totals, answers, strict=True):
            for (part, control), own in zip(steered, answer.chunk(len(steered)), strict=True):
                said = own.mean((2, 3), keepdim=True) if net.pooled else own
                total.chunk(len(controls))[part].add_(said, alpha=control.strength)
    if not totals:
        return {}
    *down, middle = (total.to(dtype) for total in totals)
    return {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}


def _answers(
    module: nn.Module, x: Tensor, time: Tensor, embeds: Tensor, steered: Sequence[tuple[int, Steering]], parts: int
) -> list[Tensor]:
    """Run one ControlNet for all parts it steers at once. Returns: its answers on the way down, then the middle's."""
    dtype = next(module.parameters()).dtype
    of = lambda batch: torch.cat([batch.chunk(parts)[part] for part, _ in steered])
    hints = torch.cat([control.hint for _, control in steered])
    down, middle = module(
        of(x).to(dtype),
        of(time),
        encoder_hidden_states=of(embeds).to(dtype),
        controlnet_cond=hints.to(dtype),
        return_dict=False,
    )
    return [*down, middle]


def _refuse_misfit(residency: Residency, model: ModelHandle, net: ControlHandle) -> None:
    """Raise DiffusionError unless a ControlNet is a copy of half of such a network as the model's."""
    own, copied = residency.config(model), residency.config(net).unet
    for what in ("widths", "layers", "depths", "middle_depth", "context_width"):
        ours, theirs = getattr(own, what), getattr(copied, what)
        if ours != theirs:
            raise DiffusionError(
                f"{files_of(net.weights)[0].path} does not fit {files_of(model.weights)[0].path}: it was made for a "
                f"network with {what.replace('_', ' ')} {_said(theirs)}, and this one has {_said(ours)}. "
                "Use a ControlNet that was trained for this kind of model."
            )


def _said(value: int | tuple[int, ...]) -> str:
    return str(value) if isinstance(value, int) else " ".join(str(each) for each in value)
