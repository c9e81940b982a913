"""A part of a picture that is worked on alone, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """The picture that a part was cut out of, where it was, and how it is to be put back."""

    socket: ClassVar[str] = "CUTOUT"
    pixels: Tensor  # (B, H, W, C) in 0…1
    mask: Tensor  # (B, H, W) in 0…1, soft
    left: int
    top: int
    width: int
    height: int
