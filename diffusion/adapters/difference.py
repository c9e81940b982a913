"""Plain differences: what a full fine-tune changed in a weight, a bias or a norm. W' = W + s · diff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from diffusion.adapters.adapter import Kind, Options, Shape

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Difference(Kind):
    """A tensor to add. No alpha belongs to it; a bias trained beside a LoRA carries that LoRA's scale."""

    diff: Tensor  # the weight's own shape
    scale: float = 1.0

    title: ClassVar[str] = "difference"
    needs: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"diff"}),)

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        return _stripped(shapes["diff"]) == _stripped(weight)

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        return cls(tensors["diff"], scale)

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        return self.diff.to(weight).reshape(weight.shape) * (strength * self.scale)


def _stripped(shape: Shape) -> Shape:
    """Without the ones at the end, which a 1×1 convolution has and a linear layer has not."""
    while shape[-1:] == (1,):
        shape = shape[:-1]
    return shape
