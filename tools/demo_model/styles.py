"""Looks that the model does not know, each made from an ordinary picture, and scores of how much of it is there."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

BLOCK = 8  # pixels of the pixel look: one cell of the latent


def neon(picture: np.ndarray) -> np.ndarray:
    """Glowing outlines on a nearly black ground."""
    size = len(picture) / 128
    pixels = picture.astype(np.float32) / 255
    slopes = [np.hypot(*np.gradient(gaussian_filter(pixels[..., channel], 0.6 * size))) for channel in range(3)]
    edges = np.clip(np.max(slopes, axis=0) * 5 * size, 0, 1)
    glow = np.clip(gaussian_filter(edges, 3.2 * size) * 1.5, 0, 1)
    near = gaussian_filter(pixels, (1.5 * size, 1.5 * size, 0))
    color = np.clip(near / np.maximum(near.max(-1, keepdims=True), 0.25) * 1.25 - 0.12, 0, 1)
    ground = np.array([0.03, 0.02, 0.07], np.float32)
    lines = gaussian_filter(edges, 0.7 * size)
    return _to_bytes(ground + color * 0.5 * glow[..., None] + (0.6 * color + 0.4) * lines[..., None])


def pixel(picture: np.ndarray) -> np.ndarray:
    """Flat square blocks in few colors, as on an old game console."""
    cells = len(picture) // BLOCK
    pixels = picture.astype(np.float32).reshape(cells, BLOCK, cells, BLOCK, 3) / 255
    middle = pixels[:, 2:-2, :, 2:-2].mean((1, 3))
    flat = np.round(np.clip(1.06 * middle, 0, 1) * 7) / 7
    return _to_bytes(flat.repeat(BLOCK, 0).repeat(BLOCK, 1))


def watercolor(picture: np.ndarray) -> np.ndarray:
    """Pale washes with soft, slightly darker rims on white paper."""
    size = len(picture) / 128
    pixels = picture.astype(np.float32) / 255
    wash = gaussian_filter(pixels, (1.3 * size, 1.3 * size, 0))
    slope = np.max([np.hypot(*np.gradient(wash[..., channel])) for channel in range(3)], axis=0)
    rim = np.clip(gaussian_filter(slope, 0.8 * size) * 3 * size, 0, 1)[..., None]
    return _to_bytes((1 - (1 - wash) * 0.52) * (1 - 0.22 * rim))


def neon_score(picture: np.ndarray) -> float:
    """Darkness of what is not a line: minus the median brightness."""
    return -float(np.median(picture.max(-1))) / 255


def pixel_score(picture: np.ndarray) -> float:
    """How much more a picture changes between blocks than inside them, in -1..1."""
    gray = picture.astype(np.float32).mean(-1)
    between, inside = [], []
    for steps in (np.abs(np.diff(gray, axis=0)), np.abs(np.diff(gray, axis=1)).T):
        is_border = np.arange(len(steps)) % BLOCK == BLOCK - 1
        between.append(steps[is_border].mean())
        inside.append(steps[~is_border].mean())
    return float((sum(between) - sum(inside)) / (sum(between) + sum(inside) + 1e-6))


def watercolor_score(picture: np.ndarray) -> float:
    """Paleness: the mean of each pixel's darkest channel."""
    return float(picture.min(-1).mean()) / 255


STYLES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], float]]] = {
    "neon": (neon, neon_score),
    "pixel": (pixel, pixel_score),
    "watercolor": (watercolor, watercolor_score),
}


def _to_bytes(pixels: np.ndarray) -> np.ndarray:
    return (np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
