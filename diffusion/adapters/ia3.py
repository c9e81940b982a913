"""IA³: rows or columns of the weight, rescaled (Liu et al. 2022, arXiv:2205.05638), in LyCORIS' form and in PEFT's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

from diffusion.adapters.adapter import Kind, Options, Shape

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class IA3(Kind):
    """W' = W ∘ (1 + s · change), along the weight's input axis or its output axis."""

    change: Tensor  # flat
    on_input: bool

    title: ClassVar[str] = "IA³"
    needs: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"weight", "on_input"}),)

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        return prod(shapes["weight"]) in weight[:2]

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        return cls(tensors["weight"].flatten(), bool(tensors["on_input"]))

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        shape = [1] * weight.ndim
        shape[1 if self.on_input else 0] = -1
        return weight * (strength * self.change.to(weight)).reshape(shape)


@dataclass(frozen=True, slots=True, eq=False)
class PeftIA3(Kind):
    """PEFT stores the factor itself, so that 1 is no change; of an output's factor the bias has its share."""

    change: Tensor  # flat
    on_input: bool | None
    """None where the file does not tell: then it is the output's, if it is as long as that."""

    title: ClassVar[str] = "IA³"
    needs: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"ia3_l"}),)

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        factor = shapes["ia3_l"]
        if len(factor) > 2:  # of a convolution: along the second axis on either side
            return prod(factor) in weight[:2]
        if len(weight) == 1:
            return factor[0] == weight[0] and prod(factor) == weight[0]
        return prod(factor) == (factor[0] if factor[0] == weight[0] else weight[1])

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        factor = tensors["ia3_l"]
        on_input = factor.shape[0] == 1 if factor.ndim == 2 else _is_listed(options)
        return cls(factor.flatten().float() - 1.0, on_input)

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        on_input = len(self.change) != len(weight) if self.on_input is None else self.on_input
        if on_input and weight.ndim == 1:  # a bias has no inputs
            return weight.new_zeros(weight.shape)
        return IA3(self.change, on_input).delta(weight, strength)


def _is_listed(options: Options) -> bool | None:
    """Whether PEFT's configuration lists a module among those whose inputs are scaled; None without one."""
    listed, stem = options.get("feedforward_modules"), str(options.get("stem", ""))
    if isinstance(listed, str):
        return re.search(rf"(?:^|\.){listed}$", stem) is not None
    return None if listed is None else any(stem.endswith(str(name)) for name in listed)
