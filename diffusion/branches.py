"""Adapters beside a network's weights, not in them: their strength may change with every call and part of its batch.

A layer's answer is linear in its weight, so what an adapter adds to the answer is what the layer makes of the change
alone. A LoRA's change runs as its two thin matrices. Other kinds' is computed whole, which takes as much memory and
time again as the weights that they change, and anew for each strength where a kind is not linear in that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffusion.adapters.adapter import Patch
from diffusion.adapters.lora import LoRA
from diffusion.adapters.patches import patches_for
from diffusion.adapters.schedule import Scheduled
from diffusion.conditioning import Conditioning
from diffusion.errors import AdapterMismatch, DiffusionError
from diffusion.families.detection import family_named
from diffusion.handle import Applied, ModelHandle
from diffusion.recipes import Recipe, files_of
from diffusion.residency import Residency

Strengths = Mapping[Applied, float]
KEPT = 2  # changes at one strength each that are kept of a kind that is not linear in strength


class Branches:
    """The adapters beside one resident network. Outside of `acting` none of them acts."""

    def __init__(self) -> None:
        self.now: Sequence[Strengths] = ()
        """For each of the equal parts of the batch that is being run: how strongly each adapter acts."""

    @contextmanager
    def acting(self, parts: Sequence[Strengths]) -> Iterator[None]:
        """Run the network with these strengths in here."""
        self.now = parts
        try:
            yield
        finally:
            self.now = ()


@contextmanager
def attached(
    residency: Residency, model: ModelHandle, network: nn.Module, prompts: Iterable[Conditioning]
) -> Iterator[Branches]:
    """Put every adapter that the model or a prompt schedules beside the model's resident network.

    Raises AdapterMismatch for one that changes nothing of this model, and what reading a file raises.
    """
    conds = (cond for prompt in prompts for cond in prompt.entries)
    scheduled = [*model.scheduled, *(each for cond in conds for each in cond.adapters)]
    branches = Branches()
    changed = _changes(residency, model, network, scheduled)
    hooks = [layer.register_forward_hook(_Beside(branches, layer, changes)) for layer, changes in changed.items()]
    try:
        yield branches
    finally:
        for hook in hooks:
            hook.remove()


def _changes(
    residency: Residency, model: ModelHandle, network: nn.Module, scheduled: Iterable[Scheduled]
) -> dict[nn.Module, list[_Change]]:
    """What adapters do to each layer of a network."""
    found: dict[nn.Module, list[_Change]] = {}
    adapters = dict.fromkeys(each.applied for each in scheduled)
    if not adapters:
        return found
    targets, pristine = residency.targets(model), residency.pristine(model)
    parameter_name = family_named(model.family).parts["model"].parameter_name
    for applied in adapters:
        patches = patches_for(residency.folders, (applied,), "model", targets)
        if not patches:
            raise AdapterMismatch(
                f"{applied.adapter.path}, which a prompt or the model schedules, changes nothing of "
                f"{files_of(model.weights)[0].path}: it was made for another family."
            )
        for name, on_weight in patches.items():
            owner, _, role = parameter_name(name).rpartition(".")
            layer = network.get_submodule(owner)
            found.setdefault(layer, []).extend(_Change(applied, role, patch, pristine[name]) for patch in on_weight)
    return found


@dataclass(slots=True, eq=False)
class _Change:
    """What one adapter does to the weight or bias of one layer."""

    applied: Applied
    role: str
    patch: Patch
    pristine: Recipe
    _whole: dict[float, Tensor] = field(default_factory=dict)
    _thin: tuple[Tensor, ...] | None = None

    @property
    def thin(self) -> bool:
        """Whether it can run as thin matrices."""
        return isinstance(self.patch.adapter, LoRA) and self.patch.adapter.remainder is None

    def whole(self, strength: float, weight: Tensor) -> Tensor:
        """The change of the whole weight, as the weight lies in memory."""
        strength *= self.patch.strength  # a factor for its block
        at = 1.0 if self.patch.adapter.linear else strength
        if at not in self._whole:
            while len(self._whole) >= KEPT:
                self._whole.pop(next(iter(self._whole)))
            change = self.patch.adapter.delta(self.pristine.value(weight.device), at)
            self._whole[at] = change.reshape(weight.shape).to(weight)
        return self._whole[at] * strength if self.patch.adapter.linear else self._whole[at]

    def answer(self, layer: nn.Module, x: Tensor, strength: float) -> Tensor:
        """What the thin matrices make of a layer's input."""
        assert isinstance(self.patch.adapter, LoRA)
        if self._thin is None:
            self._thin = _thin(self.patch.adapter, layer)
        down, *middle, up = self._thin
        strength *= self.patch.strength
        if isinstance(layer, nn.Linear):
            for matrix in self._thin:
                x = functional.linear(x, matrix)
            return x.mul_(strength)
        narrow = functional.conv2d(x, down) if middle else _run(layer, x, down, None)
        for core in middle:
            narrow = _run(layer, narrow, core, None)
        return functional.conv2d(narrow, up).mul_(strength)


def _thin(adapter: LoRA, layer: nn.Module) -> tuple[Tensor, ...]:
    """Down, the core if there is one, and up with the scale; of like size, so that neither leaves half precision."""
    weight = layer.get_parameter("weight")
    up, down = (tensor.to(weight.device).float().flatten(1) for tensor in (adapter.up, adapter.down))
    up = up * adapter.scale
    sizes = up.abs().max(), down.abs().max()
    if all(sizes):
        balance = (sizes[1] / sizes[0]).sqrt()
        up, down = up * balance, down / balance
    if isinstance(layer, nn.Conv2d):
        up = up[:, :, None, None]
        down = down.reshape(len(down), -1, *([1, 1] if adapter.mid is not None else weight.shape[2:]))
    if adapter.mid is None:
        return down.to(weight), up.to(weight)
    core = adapter.mid.reshape(*adapter.mid.shape[:2], *weight.shape[2:])
    return down.to(weight), core.to(weight), up.to(weight)


@dataclass(slots=True, eq=False)
class _Beside:
    """A hook that adds to a layer's answer what adapters beside it make of its input."""

    branches: Branches
    layer: nn.Module
    changes: list[_Change]

    def __call__(self, _: nn.Module, inputs: tuple[Tensor, ...], answer: Tensor) -> Tensor:
        parts = [
            [(change, strengths[change.applied]) for change in self.changes if change.applied in strengths]
            for strengths in self.branches.now
        ]
        if not any(parts):
            return answer
        if all(part == parts[0] for part in parts):
            return answer + self._added(inputs[0], parts[0])
        pieces = zip(inputs[0].chunk(len(parts)), answer.chunk(len(parts)), parts, strict=True)
        return torch.cat([own + self._added(x, acting) if acting else own for x, own, acting in pieces])

    def _added(self, x: Tensor, acting: Sequence[tuple[_Change, float]]) -> Tensor:
        """What adapters make of an input (B, …), all in all."""
        weights: dict[str, Tensor | None] = {"weight": None, "bias": None}
        answers = []
        for change, strength in acting:
            if change.thin and isinstance(self.layer, nn.Linear | nn.Conv2d):
                answers.append(change.answer(self.layer, x, strength))
            else:
                whole = change.whole(strength, self.layer.get_parameter(change.role))
                earlier = weights[change.role]
                weights[change.role] = whole if earlier is None else earlier + whole
        if any(weight is not None for weight in weights.values()):
            answers.append(_run(self.layer, x, weights["weight"], weights["bias"]))
        return torch.stack(answers).sum(0) if len(answers) > 1 else answers[0]


def _run(layer: nn.Module, x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """What a layer would make of an input with this weight and bias in place of its own, None standing for zeros."""
    if weight is None:
        weight = torch.zeros_like(layer.get_parameter("weight"))
    match layer:
        case nn.Linear():
            return functional.linear(x, weight, bias)
        case nn.Conv2d():
            return functional.conv2d(x, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)
        case nn.GroupNorm():
            return functional.group_norm(x, layer.num_groups, weight, bias, layer.eps)
        case nn.LayerNorm():
            return functional.layer_norm(x, layer.normalized_shape, weight, bias, layer.eps)
    raise DiffusionError(f"An adapter cannot be scheduled on a layer of the kind {type(layer).__name__}.")
