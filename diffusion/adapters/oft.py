"""OFT and BOFT turn the rows of a weight (Qiu et al. 2023, arXiv:2306.07280; Liu et al. 2023, arXiv:2311.06243)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from diffusion.adapters.adapter import Kind, Options, Shape

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class OFT(Kind):
    """Blocks of rows, each turned by R = (I + Q)(I − Q)⁻¹: W' = (1 + s (rescale − 1)) ∘ (I + s (R − I))ᵀ W."""

    blocks: Tensor  # (blocks, b, b), skewed to Q
    constraint: float = 0.0
    """Times the weight's rows: the longest Q may be; 0 for no limit. Stored as alpha."""
    rescale: Tensor | None = None  # (out, *1)

    title: ClassVar[str] = "OFT"
    needs: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"oft_blocks"}),)
    takes: ClassVar[frozenset[str]] = frozenset({"rescale", "alpha"})

    @property
    def linear(self) -> bool:
        return self.rescale is None

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        blocks = shapes["oft_blocks"]
        return len(blocks) == 3 and blocks[1] == blocks[2] and blocks[0] * blocks[1] == weight[0]

    @classmethod
    def row_group(cls, shapes: Mapping[str, Shape]) -> int:
        return shapes["oft_blocks"][1]

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        return cls(tensors["oft_blocks"], float(tensors.get("alpha", 0.0)), tensors.get("rescale"))

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        turn, identity = _turns(self.blocks, self.constraint, weight)  # (k, b, b)
        change = strength * (turn.mT - identity)
        rows = weight.reshape(*turn.shape[:2], -1)  # (k, b, in · kernel)
        return _rescaled((change @ rows).reshape(weight.shape), self.rescale, weight, strength)


@dataclass(frozen=True, slots=True, eq=False)
class BOFT(OFT):
    """Stages of OFT over rows shuffled like a fast Fourier transform's. Each stage is faded by the strength alone."""

    blocks: Tensor  # (stages, blocks, b, b)

    title: ClassVar[str] = "BOFT"

    @property
    def linear(self) -> bool:
        return False

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        blocks = shapes["oft_blocks"]
        if len(blocks) != 4 or blocks[2] != blocks[3] or blocks[2] % 2 or blocks[1] * blocks[2] != weight[0]:
            return False
        return weight[0] % cls.row_group(shapes) == 0

    @classmethod
    def row_group(cls, shapes: Mapping[str, Shape]) -> int:
        stages, _, size, _ = shapes["oft_blocks"]
        return 2 ** (stages - 1) * size

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        turns, identity = _turns(self.blocks, self.constraint, weight)  # (m, k, b, b)
        rows = weight.reshape(weight.shape[0], -1)
        for stage, turn in enumerate(strength * turns + (1.0 - strength) * identity):
            stride = 2**stage * turn.shape[-1] // 2
            shuffled = rows.reshape(-1, 2, stride, rows.shape[1]).transpose(1, 2)
            turned = turn @ shuffled.reshape(*turn.shape[:2], -1)
            rows = turned.reshape(-1, stride, 2, rows.shape[1]).transpose(1, 2).reshape(rows.shape)
        return _rescaled(rows.reshape(weight.shape) - weight, self.rescale, weight, strength)


def _turns(blocks: Tensor, constraint: float, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Cayley's transform of every block, and the identity."""
    import torch

    blocks = blocks.to(weight)
    skew = blocks - blocks.mT
    longest = constraint * weight.shape[0]
    length = skew.norm() + 1e-8
    if 0 < longest < length:
        skew = skew * (longest / length)
    identity = torch.eye(blocks.shape[-1], dtype=weight.dtype, device=weight.device)
    return torch.linalg.solve(identity - skew, identity + skew, left=False), identity


def _rescaled(change: Tensor, rescale: Tensor | None, weight: Tensor, strength: float) -> Tensor:
    """The change of a weight whose rows are rescaled after it was turned."""
    if rescale is None:
        return change
    factor = strength * (rescale.to(weight).reshape(-1, *[1] * (weight.ndim - 1)) - 1.0)
    return change + factor * (weight + change)
