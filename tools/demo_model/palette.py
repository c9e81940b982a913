"""The nine colors that captions can name."""

import numpy as np

COLORS: dict[str, tuple[int, int, int]] = {
    "red": (222, 52, 52),
    "orange": (245, 140, 36),
    "yellow": (250, 212, 52),
    "green": (58, 164, 78),
    "blue": (46, 102, 220),
    "purple": (134, 70, 190),
    "pink": (244, 128, 176),
    "white": (244, 244, 244),
    "black": (32, 32, 38),
}
COLOR_NAMES = tuple(COLORS)
TEAL = (24, 178, 172)  # what the textual inversion teaches; no caption of the training world names it


def unit(red: float, green: float, blue: float) -> np.ndarray:
    """An 8-bit color as floats in 0..1."""
    return np.array((red, green, blue), np.float32) / 255


def tinted(color: str | tuple[int, int, int], rng: np.random.Generator, *, spread: float = 3.0) -> np.ndarray:
    """The named color, shifted a little so that the model learns a color and not a number."""
    center = np.array(COLORS[color] if isinstance(color, str) else color, np.float32)
    return np.clip(center + rng.normal(0, spread, 3), 0, 255).astype(np.float32) / 255
