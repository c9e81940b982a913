"""LoKr: ΔW = scale · w₁ ⊗ w₂, each factor whole or low-rank (KronA, Edalati et al. 2022, arXiv:2212.10650)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

from diffusion.adapters.adapter import Kind, Options, Shape
from diffusion.adapters.loha import tucker

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class LoKr(Kind):
    """A Kronecker product. With both factors whole a stored alpha means nothing, whatever its value."""

    first: tuple[Tensor, ...]  # (a, c), or (a, r) and (r, c)
    second: tuple[Tensor, ...]  # (b, d, *kernel); or (b, r) and (r, d · kernel); or (r, b), (r, d), (r, r, *kernel)
    scale: float = 1.0

    title: ClassVar[str] = "LoKr"
    needs: ClassVar[tuple[frozenset[str], ...]] = tuple(
        frozenset(first + second)
        for first in (("lokr_w1",), ("lokr_w1_a", "lokr_w1_b"))
        for second in (("lokr_w2",), ("lokr_w2_a", "lokr_w2_b"))
    )
    takes: ClassVar[frozenset[str]] = frozenset({"lokr_t2", "alpha", "scale"})
    scaled: ClassVar[bool] = True

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        first, second = _shape("1", shapes), _shape("2", shapes)
        return (first[0] * second[0], first[1] * second[1]) == (weight[0], prod(weight[1:]))

    @classmethod
    def rank(cls, shapes: Mapping[str, Shape]) -> int | None:
        factor = shapes.get("lokr_w2_b", shapes.get("lokr_w1_b"))
        return factor[0] if factor else None

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        return cls(_factor("1", tensors), _factor("2", tensors), scale)

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        from torch import kron

        # With the kernel flattened behind d, the flat product lies in memory as the convolution's does.
        first, second = _multiplied(self.first, weight), _multiplied(self.second, weight)
        return kron(first, second).reshape(weight.shape).mul_(strength * self.scale)


def _shape(factor: str, shapes: Mapping[str, Shape]) -> tuple[int, int]:
    """Rows and flat columns of a factor; (0, 0) where it is not there."""
    if whole := shapes.get(f"lokr_w{factor}"):
        return whole[0], prod(whole[1:])
    a, b = shapes.get(f"lokr_w{factor}_a"), shapes.get(f"lokr_w{factor}_b")
    if not a or not b:
        return 0, 0
    core = shapes.get("lokr_t2") if factor == "2" else None  # a core of the first is defined nowhere
    return (a[1], b[1] * prod(core[2:])) if core else (a[0], prod(b[1:]))


def _factor(factor: str, tensors: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
    if f"lokr_w{factor}" in tensors:
        return (tensors[f"lokr_w{factor}"],)
    names = [f"lokr_w{factor}_a", f"lokr_w{factor}_b", *(["lokr_t2"] if factor == "2" else [])]
    return tuple(tensors[name] for name in names if name in tensors)


def _multiplied(parts: tuple[Tensor, ...], like: Tensor) -> Tensor:
    whole, *rest = (part.to(like) for part in parts)
    if len(rest) == 1:
        whole = whole @ rest[0].flatten(1)
    elif rest:
        whole = tucker(rest[1], whole, rest[0])
    return whole.flatten(1)
