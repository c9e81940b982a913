"""What a weight does to an encoded token. hidden: (chunks, 77, D), weights: (chunks, 77, 1), empty: (77, D)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def move_from_empty(hidden: Tensor, weights: Tensor, empty: Tensor) -> Tensor:
    """The ecosystem's rule: ``empty + w · (z − empty)``, place by place with the empty prompt's chunk."""
    return hidden.where(weights == 1, empty.lerp(hidden, weights))


def scale_keeping_mean(hidden: Tensor, weights: Tensor, empty: Tensor) -> Tensor:
    """A1111's rule: multiply, then scale each chunk back to the mean it had. ``empty`` plays no part in it."""
    scaled = hidden * weights
    return scaled * (hidden.mean((1, 2), keepdim=True) / scaled.mean((1, 2), keepdim=True))
