"""Pictures and masks as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A batch of pictures, on the CPU, float32."""

    socket: ClassVar[str] = "IMAGE"
    pixels: Tensor  # (B, H, W, C) in 0…1, C is 3 or 4


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A batch of masks, on the CPU, float32."""

    socket: ClassVar[str] = "MASK"
    values: Tensor  # (B, H, W) in 0…1
