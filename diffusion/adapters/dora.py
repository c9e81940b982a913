"""DoRA: after another adapter has changed a weight, give its rows or columns a learnt length (arXiv:2402.09353)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar

from diffusion.adapters.adapter import Adapter, Shape

if TYPE_CHECKING:
    from torch import Tensor

MAGNITUDES = frozenset({"dora_scale", "magnitude"})


@dataclass(frozen=True, slots=True, eq=False)
class DoRA:
    """W' = W + s · (magnitude ∘ V / ‖V‖ − W) with V = W + Δ: strength fades the whole change, Δ included."""

    inner: Adapter
    magnitude: Tensor  # as many numbers as the weight has rows, or columns
    axis: int
    """The axis along which the magnitude varies; lengths are taken over all others."""

    linear: ClassVar[bool] = True

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        import torch

        changed = weight + self.inner.delta(weight)
        others = [axis for axis in range(weight.ndim) if axis != self.axis]
        length = torch.linalg.vector_norm(changed, dim=others, keepdim=True) + torch.finfo(weight.dtype).eps
        magnitude = self.magnitude.to(weight).reshape(length.shape)
        return (changed * (magnitude / length)).sub_(weight).mul_(strength)


def magnitude_fits(shapes: Mapping[str, Shape], weight: Shape) -> bool:
    """Whether a module's magnitude, if it has one, can be laid along an axis of the weight."""
    return all(prod(shapes[role]) in weight[:2] for role in MAGNITUDES & shapes.keys())


def axis_of(role: str, magnitude: Shape, weight: Shape) -> int:
    """Which axis a magnitude varies on, from its shape: (out, 1) or (1, in); never by broadcasting, which fits both.

    PEFT's is always per output, though for convolutions it is stored as (1, out, 1, 1). A flat one of a square weight
    is per input, as the first trainers wrote it.
    """
    if role == "magnitude" or prod(magnitude) not in weight[1:2]:
        return 0
    per_output = len(magnitude) > 1 and magnitude[0] == weight[0] == prod(magnitude)
    return 0 if per_output else 1
