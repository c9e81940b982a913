"""What a picture should show, as a value: embeddings, and where, when and how strongly they act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from diffusion.adapters.schedule import Scheduled
    from diffusion.control import Control


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the picture: in pixels, or as fractions of its size when ``relative``."""

    x: float
    y: float
    width: float
    height: float
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """When an entry acts: from ``start`` to ``end``, as fractions of the sampling percent (0 first, 1 last)."""

    start: float = 0.0
    end: float = 1.0


WHOLE = Span()
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Cond:
    """One entry: an encoded prompt and its bounds."""

    embeds: Tensor  # (B, N, D)
    pooled: Tensor | None = None  # (B, D)
    token_mask: Tensor | None = None  # (B, N)
    area: Area | None = None
    mask: Tensor | None = None  # (B, H, W) in 0…1
    mask_strength: float = 1.0
    mask_bounds: bool = False
    """Whether the mask's bounding box is used as an area."""
    strength: float = 1.0
    span: Span = WHOLE
    guidance: float | None = None
    concat: Tensor | None = None  # (B, C', H / 8, W / 8), for inpainting networks
    controls: tuple[Control, ...] = ()
    adapters: tuple[Scheduled, ...] = ()
    """On the network, while it is run for this entry."""
    extra: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """Entries that act together."""

    socket: ClassVar[str] = "CONDITIONING"
    entries: tuple[Cond, ...]

    def map(self, change: Callable[[Cond], Cond]) -> Self:
        return replace(self, entries=tuple(change(entry) for entry in self.entries))
