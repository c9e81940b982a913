"""LoRA and LoCon: ΔW = scale · up @ down (Hu et al. 2021, arXiv:2106.09685), with an optional Tucker core.

DyLoRA (arXiv:2210.07558) and LoRA-FA (arXiv:2308.03303) are trained otherwise and stored the same; of a DyLoRA any
lower rank may be used, of which the stored scale stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

from diffusion.adapters.adapter import Kind, Options, Shape

if TYPE_CHECKING:
    from torch import Tensor

REMAINDER = ("bias_indices", "bias_values", "bias_size")


@dataclass(frozen=True, slots=True, eq=False)
class LoRA(Kind):
    """A product of two thin matrices. A convolution's kernel is in ``down``, or in a core between the two."""

    up: Tensor  # (out, r, *1)
    down: Tensor  # (r, in, *kernel), or (r, in, *1) with a core
    scale: float = 1.0
    mid: Tensor | None = None  # (r, r, *kernel)
    remainder: Tensor | None = None
    """Sparse, (out, in · kernel): what an extraction left over; scaled as the product is."""

    title: ClassVar[str] = "LoRA"
    needs: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"up", "down"}),)
    takes: ClassVar[frozenset[str]] = frozenset({"mid", "alpha", "scale", *REMAINDER})
    scaled: ClassVar[bool] = True

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        up, down, mid = shapes["up"], shapes["down"], shapes.get("mid")
        if len(up) < 2 or len(down) < 2 or up[0] != weight[0]:
            return False
        if mid is not None:
            return mid[:2] == (up[1], down[0]) and (down[1], *mid[2:]) == weight[1:]
        return prod(up[1:]) == down[0] and prod(down[1:]) == prod(weight[1:])

    @classmethod
    def rank(cls, shapes: Mapping[str, Shape]) -> int:
        return shapes["down"][0]

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        up, down, mid = tensors["up"], tensors["down"], tensors.get("mid")
        if rank := int(options.get("rank", 0)):
            up, down, mid = up[:, :rank], down[:rank], None if mid is None else mid[:rank, :rank]
        return cls(up, down, scale, mid, _remainder(tensors))

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        up, down = self.up.to(weight).flatten(1), self.down.to(weight).flatten(1)
        if self.mid is None:
            product = up @ down
        else:
            core = self.mid.to(weight).flatten(2)  # (r, r, kernel)
            product = up @ (core.permute(2, 0, 1) @ down).permute(1, 2, 0).flatten(1)
        if self.remainder is not None:
            product = product.reshape(self.remainder.shape) + self.remainder.to_dense().to(weight)
        return product.reshape(weight.shape).mul_(strength * self.scale)


def _remainder(tensors: Mapping[str, Tensor]) -> Tensor | None:
    if not all(role in tensors for role in REMAINDER):
        return None
    from torch import sparse_coo_tensor

    indices, values, size = (tensors[role] for role in REMAINDER)
    try:
        remainder = sparse_coo_tensor(indices.long(), values.float(), tuple(size.tolist()), check_invariants=True)
    except RuntimeError as error:
        raise ValueError("its sparse remainder has numbers in places that a weight does not have.") from error
    if remainder.numel() != len(tensors["up"]) * tensors["down"][0].numel():
        raise ValueError("its sparse remainder is of another size than its product.")
    return remainder
