"""Real-ESRGAN's compact network: convolutions in a row at the picture's own size, and a shuffle to the larger one.

Its result is added to the picture enlarged by repeating pixels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt

from torch import Tensor, nn
from torch.nn import functional as F

Shapes = Mapping[str, tuple[int, ...]]
COLORS = 3


@dataclass(frozen=True, slots=True)
class CompactConfig:
    """The shape of a compact network."""

    width: int
    inner: int
    """Convolutions between the first and the last."""
    scale: int


def infer_compact(shapes: Shapes) -> CompactConfig | None:
    """Read the configuration off the shapes; None where it is no such network."""
    places = {int(found[1]) for name in shapes if (found := re.fullmatch(r"body\.(\d+)\.weight", name))}
    if not places or places != set(range(max(places) + 1)) or max(places) % 2 or max(places) < 2:
        return None
    first, last = shapes["body.0.weight"], shapes[f"body.{max(places)}.weight"]
    if len(first) != 4 or len(last) != 4 or first[1] != COLORS or len(shapes["body.1.weight"]) != 1:
        return None
    scale = isqrt(last[0] // COLORS)
    return CompactConfig(first[0], max(places) // 2 - 1, scale) if last[0] == COLORS * scale**2 else None


class CompactNet(nn.Module):
    """(B, 3, H, W) in 0…1 → (B, 3, s H, s W)."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        width, self.scale = config.width, config.scale
        layers: list[nn.Module] = [nn.Conv2d(COLORS, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(config.inner):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, COLORS * config.scale**2, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        enlarged = F.interpolate(x, scale_factor=self.scale, mode="nearest")
        return enlarged + F.pixel_shuffle(self.body(x), self.scale)
