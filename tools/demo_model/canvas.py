"""An anti-aliased picture of any size, painted with signed distances in units of its width."""

import numpy as np

from tools.demo_model.shapes import Distance

Bounds = tuple[float, float, float, float]  # left, top, right, bottom in 0..1
EVERYWHERE: Bounds = (0.0, 0.0, 1.0, 1.0)


class Canvas:
    """Pixels are floats in 0..1; x runs right, y runs down, both 0..1."""

    def __init__(self, size: int):
        self.size = size
        middles = (np.arange(size, dtype=np.float32) + 0.5) / size
        self.x, self.y = np.meshgrid(middles, middles)  # (size, size)
        self.pixels = np.zeros((size, size, 3), np.float32)

    def fill(self, shape: Distance, color: np.ndarray, *, within: Bounds = EVERYWHERE, opacity: float = 1.0) -> None:
        """Paint the inside of a shape; `color` is (3,) or a picture (size, size, 3).

        Only the window `within` is evaluated: most shapes are small and drawing is what training waits for.
        """
        rows, columns = self._window(within)
        distance = shape(self.x[rows, columns], self.y[rows, columns])
        self._blend(rows, columns, np.clip(0.5 - distance * self.size, 0, 1) * opacity, color)

    def glow(self, shape: Distance, color: np.ndarray, *, falloff: float, strength: float) -> None:
        """Light that fades outside a shape."""
        distance = shape(self.x, self.y)
        self._blend(slice(None), slice(None), np.exp(-np.maximum(distance, 0) * falloff) * strength, color)

    def shade(self, shape: Distance, *, within: Bounds, softness: float, strength: float) -> None:
        """A soft shadow: darken inside and `softness` beyond the outline."""
        rows, columns = self._window(within)
        distance = shape(self.x[rows, columns], self.y[rows, columns])
        self._blend(rows, columns, np.clip(0.5 - distance / softness, 0, 1) * strength, np.zeros(3, np.float32))

    def to_bytes(self) -> np.ndarray:
        return (np.clip(self.pixels, 0, 1) * 255 + 0.5).astype(np.uint8)

    def _window(self, within: Bounds) -> tuple[slice, slice]:
        left, top, right, bottom = (int(np.floor(edge * self.size)) for edge in within)
        return slice(max(top - 2, 0), max(bottom + 3, 0)), slice(max(left - 2, 0), max(right + 3, 0))

    def _blend(self, rows: slice, columns: slice, coverage: np.ndarray, color: np.ndarray) -> None:
        target = self.pixels[rows, columns]
        target += (color[rows, columns] if color.ndim == 3 else color) * coverage[..., None] - target * coverage[
            ..., None
        ]
