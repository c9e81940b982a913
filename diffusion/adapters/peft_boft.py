"""BOFT as PEFT does it: stages of turns of a weight's inputs, then a length for each row (arXiv:2311.06243)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

from diffusion.adapters.adapter import Kind, Options, Shape

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PeftBOFT(Kind):
    """W' = (1 + s (lengths − 1)) ∘ W B₀ᵀ B₁ᵀ …, stage i with the blocks (1 − s) I + s R on shuffled columns."""

    blocks: Tensor  # (stages, k, b, b): R = (I − Q)(I + Q)⁻¹ with Q half of what is skew in them
    lengths: Tensor  # as many as the weight has rows

    title: ClassVar[str] = "BOFT"
    needs: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"boft_r", "boft_s"}),)

    @property
    def linear(self) -> bool:
        return False

    @classmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        blocks, columns = shapes["boft_r"], prod(weight[1:])
        if len(blocks) != 4 or blocks[2] != blocks[3] or blocks[1] * blocks[2] != columns:
            return False
        shuffled = blocks[0] > 1
        return (
            prod(shapes["boft_s"]) == weight[0]
            and not (shuffled and blocks[2] % 2)
            and columns % (2 ** (blocks[0] - 1) * blocks[2]) == 0
        )

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        return cls(tensors["boft_r"], tensors["boft_s"].flatten())

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        import torch

        blocks = self.blocks.to(weight)
        skew = (blocks - blocks.mT) / 2
        identity = torch.eye(blocks.shape[-1], dtype=weight.dtype, device=weight.device)
        turns = torch.linalg.solve(identity + skew, identity - skew, left=False)
        columns = weight.flatten(1)
        for stage, turn in enumerate(strength * turns + (1.0 - strength) * identity):
            columns = _turned(columns, turn, stage)
        factors = 1.0 + strength * (self.lengths.to(weight) - 1.0)
        return (factors[:, None] * columns).reshape(weight.shape) - weight


def _turned(columns: Tensor, turn: Tensor, stage: int) -> Tensor:
    """One stage: in groups of 2ⁱ blocks, the even half blocks come to lie before the odd ones, and go back after it."""
    half, halves = turn.shape[-1] // 2 or 1, 2 ** (stage + 1) if stage else 1
    groups = columns.shape[1] // (half * halves)
    if stage:
        columns = columns.reshape(-1, groups, 2, halves // 2, half).transpose(2, 3)
    blocks = columns.reshape(len(columns), *turn.shape[:2])  # (out, k, b)
    blocks = (blocks[..., None, :] @ turn.mT)[..., 0, :]
    if stage:
        blocks = blocks.reshape(-1, groups, halves // 2, 2, half).transpose(2, 3)
    return blocks.reshape(len(columns), -1)
