"""LoHa: ΔW = scale · (a₁ @ b₁) ∘ (a₂ @ b₂) (FedPara, Hyeon-Woo et al. 2021, arXiv:2108.06098; LyCORIS, PEFT)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

from diffusion.adapters.adapter import Kind, Options, Shape

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class LoHa(Kind):
    """The Hadamard product of two low-rank matrices; for convolutions each may have a Tucker core."""

    a1: Tensor  # (out, r), or (r, out) with a core
    b1: Tensor  # (r, in · kernel), or (r, in) with a core
    a2: Tensor
    b2: Tensor
    scale: float = 1.0
    core1: Tensor | None = None  # (r, r, *kernel)
    core2: Tensor | None = None

    title: ClassVar[str] = "LoHa"
    needs: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"}),)
    takes: ClassVar[frozenset[str]] = frozenset({"hada_t1", "hada_t2", "alpha", "scale"})
    scaled: ClassVar[bool] = True

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        for factor in ("1", "2"):
            a, b, core = shapes[f"hada_w{factor}_a"], shapes[f"hada_w{factor}_b"], shapes.get(f"hada_t{factor}")
            if core is None and (a[0], a[1], prod(b[1:])) != (weight[0], b[0], prod(weight[1:])):
                return False
            if core is not None and (a[1], b[1], *core[2:]) != weight:
                return False
        return True

    @classmethod
    def rank(cls, shapes: Mapping[str, Shape]) -> int:
        return shapes["hada_w1_b"][0]

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        a1, b1, a2, b2 = (tensors[f"hada_w{factor}"] for factor in ("1_a", "1_b", "2_a", "2_b"))
        return cls(a1, b1, a2, b2, scale, tensors.get("hada_t1"), tensors.get("hada_t2"))

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        first, second = _product(self.a1, self.b1, self.core1, weight), _product(self.a2, self.b2, self.core2, weight)
        return first.mul_(second).mul_(strength * self.scale)


def _product(a: Tensor, b: Tensor, core: Tensor | None, weight: Tensor) -> Tensor:
    a, b = a.to(weight), b.to(weight)
    if core is None:
        return (a @ b.flatten(1)).reshape(weight.shape)
    return tucker(core.to(weight), a, b).reshape(weight.shape)


def tucker(core: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Σ core[i, j, …] · a[i, p] · b[j, q], as [p, q, …]."""
    mixed = a.T @ core.permute(*range(2, core.ndim), 0, 1) @ b  # (*kernel, p, q)
    return mixed.permute(-2, -1, *range(core.ndim - 2))
