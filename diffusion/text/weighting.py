"""What a weight does to an encoded token."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from diffusion.text.chunks import Chunk


def weights_of(chunks: Sequence[Chunk]) -> Tensor:
    """The weight of every token, (chunks, 77, 1)."""
    return torch.tensor([chunk.weights for chunk in chunks]).unsqueeze(-1)


def move_from_empty(hidden: Tensor, weights: Tensor, empty: Tensor) -> Tensor:
    """The ecosystem's rule: ``empty + w · (z − empty)``, place by place with the empty prompt's chunk (77, D)."""
    return torch.where(weights == 1, hidden, torch.lerp(empty, hidden, weights))


def scale_keeping_mean(hidden: Tensor, weights: Tensor) -> Tensor:
    """A1111's rule: multiply, then scale each chunk back to the mean it had."""
    scaled = hidden * weights  # (chunks, 77, D)
    return scaled * (hidden.mean((1, 2), keepdim=True) / scaled.mean((1, 2), keepdim=True))
