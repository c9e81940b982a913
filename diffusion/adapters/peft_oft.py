"""OFT as PEFT does it: it turns a weight's inputs, and stores the upper triangle of each skew matrix alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

from diffusion.adapters.adapter import Kind, Options, Shape

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PeftOFT(Kind):
    """W' = W (I + s (R − I))ᵀ with R from each block's Q by Cayley's transform, or by PEFT's short series for it."""

    triangles: Tensor  # (blocks or 1 for all, b (b − 1) / 2)
    terms: int = 0
    """Of the series I + 2Q + 2Q² + … + Qⁿ⁻¹, which has four at least; 0 for (I − Q)(I + Q)⁻¹ itself."""
    limit: float = 0.0
    """The longest that a block's Q may be, times the root of their number; 0 for no limit (COFT)."""

    title: ClassVar[str] = "OFT"
    needs: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"oft_r"}),)

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        triangles, columns = shapes["oft_r"], prod(weight[1:])
        if len(triangles) != 2:
            return False
        size = _block_size(triangles[1])
        return size * (size - 1) // 2 == triangles[1] and (
            size * triangles[0] == columns or (triangles[0] == 1 and columns % size == 0)
        )

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        series = options.get("use_cayley_neumann", True)  # PEFT's default, and its number of terms
        terms = int(options.get("num_cayley_neumann_terms", 5)) if series else 0
        return cls(tensors["oft_r"], terms, float(options.get("eps", 6e-5)) if options.get("coft") else 0.0)

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        import torch

        triangles = self.triangles.to(weight)
        size = _block_size(triangles.shape[1])
        skew = weight.new_zeros(len(triangles), size, size)
        rows, columns = torch.triu_indices(size, size, 1)
        skew[:, rows, columns] = triangles
        turns = self._turns(self._limited(skew - skew.mT))
        blocks = weight.reshape(weight.shape[0], -1, size)  # (out, k, b)
        change = turns - torch.eye(size, dtype=weight.dtype, device=weight.device)
        turned = torch.einsum("okc, kbc -> okb", blocks, change.expand(blocks.shape[1], -1, -1))
        return turned.reshape(weight.shape).mul_(strength)

    def _limited(self, skew: Tensor) -> Tensor:
        if not self.limit:
            return skew
        longest = self.limit / len(skew) ** 0.5
        return skew * (longest / skew.norm(dim=(1, 2), keepdim=True)).clamp(max=1.0)

    def _turns(self, skew: Tensor) -> Tensor:
        import torch

        identity = torch.eye(skew.shape[-1], dtype=skew.dtype, device=skew.device).expand_as(skew)
        if not self.terms:
            return torch.linalg.solve(identity + skew, identity - skew, left=False)
        turns, power = identity.clone(), identity
        highest = self.terms - 1 if self.terms < 3 else max(self.terms - 1, 3)
        for term in range(1, highest + 1):
            power = power @ skew
            turns += power if term == highest > 1 else 2.0 * power
        return turns


def _block_size(elements: int) -> int:
    """b with b (b − 1) / 2 elements."""
    return round((1 + (1 + 8 * elements) ** 0.5) / 2)
