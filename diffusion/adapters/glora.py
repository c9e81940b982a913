"""GLoRA: ΔW = scale · (W · A + B), both low-rank (Chavan et al. 2023, arXiv:2306.07967; LyCORIS)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

from diffusion.adapters.adapter import Kind, Options, Shape

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class GLoRA(Kind):
    """A low-rank change that also reads the weight's input axis through a low-rank map."""

    a_up: Tensor  # (in, r)
    a_down: Tensor  # (r, in)
    b_up: Tensor  # (out, r)
    b_down: Tensor  # (r, in · kernel), or (r, in) with a core
    scale: float = 1.0
    b_mid: Tensor | None = None  # (r, r, *kernel)

    title: ClassVar[str] = "GLoRA"
    needs: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"a1", "a2", "b1", "b2"}),)
    takes: ClassVar[frozenset[str]] = frozenset({"bm", "alpha", "scale"})
    scaled: ClassVar[bool] = True

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        a_up, a_down, b_up, b_down = (shapes[role] for role in _order(shapes))
        kernel = prod(weight[2:]) if "bm" in shapes else 1
        return (
            (a_up[0], prod(a_down[1:])) == (weight[1], weight[1])
            and (b_up[0], prod(b_down[1:]) * kernel) == (weight[0], prod(weight[1:]))
            and a_up[1] == a_down[0]
            and b_up[1] == b_down[0]
        )

    @classmethod
    def rank(cls, shapes: Mapping[str, Shape]) -> int:
        return shapes[_order(shapes)[1]][0]

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        order = _order({role: tuple(tensor.shape) for role, tensor in tensors.items()})
        a_up, a_down, b_up, b_down = (tensors[role] for role in order)
        return cls(a_up, a_down, b_up, b_down, scale, tensors.get("bm"))

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        from diffusion.adapters.lora import LoRA

        a_up, a_down = self.a_up.to(weight).flatten(1), self.a_down.to(weight).flatten(1)
        through = weight.movedim(1, -1) @ a_up @ a_down
        added = LoRA(self.b_up, self.b_down, mid=self.b_mid).delta(weight)
        return (through.movedim(-1, 1) + added) * (strength * self.scale)


def _order(shapes: Mapping[str, Shape]) -> tuple[str, str, str, str]:
    """Roles of (A up, A down, B up, B down). Early files wrote each pair the other way round.

    Where a square weight lets both readings stand, the rank is the smaller size.
    """
    a1, a2, b1, b2 = (shapes[role] for role in ("a1", "a2", "b1", "b2"))
    today = b2[0] == b1[1] == a1[1] == a2[0]
    early = b2[1] == b1[0] == a1[0] == a2[1]
    if early and (not today or a1[0] < a1[1]):
        return "a2", "a1", "b2", "b1"
    return "a1", "a2", "b1", "b2"
