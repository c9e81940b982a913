"""Says what a picture of shapes shows, by rules on pixels: no network that could share the model's mistakes.

Objects are what neither the wall nor its shadow explains; an object's shape is the ideal outline of the same area
that overlaps it best. A blob that overlaps none well is no shape at all, so that vague pictures do not pass.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import ndimage

from tools.demo_model.palette import COLOR_NAMES, COLORS
from tools.demo_model.shapes import SHAPES, named_shape
from tools.demo_model.specs import ManyShapes, OneShape, TwoShapes

UNCLEAR = "unclear"
_FOREIGN = 0.13  # how far a pixel must be from every shade of the wall to belong to an object
_SMALLEST = 0.006  # of the picture's area
_OVERLAP = 0.80  # intersection over union that a shape needs
_PATCH = 40
_SHADES = np.linspace(0.68, 1.08, 9, dtype=np.float32)


@dataclass(frozen=True)
class Thing:
    color: str
    shape: str
    x: float
    y: float
    area: float  # of the picture
    overlap: float


@dataclass(frozen=True)
class Seen:
    background: str
    things: tuple[Thing, ...]


def look(picture: np.ndarray) -> Seen:
    """Background and objects of a picture of shapes, (size, size, 3) bytes."""
    pixels = picture.astype(np.float32) / 255
    edge = max(2, len(pixels) // 32)
    sides = np.concatenate([pixels[:, :edge], pixels[:, -edge:]], 1)
    wall = np.median(sides, axis=1)[:, None]  # (size, 1, 3): one color a row
    shades = wall[:, :, None] * _SHADES[:, None]  # (size, 1, shades, 3)
    distance = np.linalg.norm(pixels[:, :, None] - shades, axis=-1).min(-1)
    mask = ndimage.binary_opening(distance > _FOREIGN, iterations=1)
    labels, count = ndimage.label(mask)
    things = [_describe(pixels, labels == label) for label in range(1, count + 1) if _is_large(labels == label)]
    return Seen(nearest_color(np.median(wall, axis=(0, 1))), tuple(things))


def judge_shapes(spec: OneShape | TwoShapes | ManyShapes, picture: np.ndarray) -> dict[str, bool]:
    """Which of the things that a caption says are true of a picture."""
    seen = look(picture)
    things = sorted(seen.things, key=lambda thing: -thing.area)
    verdict = {"background": seen.background == spec.background}
    match spec:
        case OneShape(color, shape, _, _):
            first = things[0] if things else None
            verdict["color"] = first is not None and first.color == color
            verdict["shape"] = first is not None and first.shape == shape and len(things) == 1
        case TwoShapes(first, second, relation, _):
            verdict["two"] = len(things) == 2
            ordered = _ordered(things, relation) if len(things) == 2 else ()
            verdict["colors"] = [thing.color for thing in ordered] == [first[0], second[0]]
            verdict["shapes"] = [thing.shape for thing in ordered] == [first[1], second[1]]
        case ManyShapes(color, shape, count, _):
            verdict["count"] = len(things) == count
            verdict["color"] = bool(things) and all(thing.color == color for thing in things)
            verdict["shape"] = bool(things) and all(thing.shape == shape for thing in things)
    return verdict


def nearest_color(rgb: np.ndarray) -> str:
    """The named color that is nearest under some light."""
    lights = np.linspace(0.85, 1.08, 6, dtype=np.float32)
    named = np.array([COLORS[name] for name in COLOR_NAMES], np.float32) / 255
    distance = np.linalg.norm(np.clip(named[:, None] * lights[:, None], 0, 1) - rgb, axis=-1).min(1)
    return COLOR_NAMES[int(distance.argmin())]


def _ordered(things: list[Thing], relation: str) -> list[Thing]:
    """First object first, if they stand as the relation says; else nothing fits."""
    key = (lambda thing: thing.x) if relation in ("left of", "right of") else (lambda thing: thing.y)
    low, high = sorted(things, key=key)
    if key(high) - key(low) < 0.2:
        return []
    return [low, high] if relation in ("left of", "above") else [high, low]


def _is_large(mask: np.ndarray) -> bool:
    return mask.sum() >= _SMALLEST * mask.size


def _describe(pixels: np.ndarray, mask: np.ndarray) -> Thing:
    size = len(pixels)
    inside = ndimage.binary_erosion(mask, iterations=2)
    color = nearest_color(np.median(pixels[inside if inside.any() else mask], axis=0))
    rows, columns = np.nonzero(mask)
    y, x = rows.mean(), columns.mean()
    shape, overlap = _best_shape(_patch(ndimage.binary_fill_holes(mask), x, y, np.sqrt(mask.sum())))
    area = float(mask.sum()) / mask.size
    return Thing(color, shape if overlap >= _OVERLAP else UNCLEAR, (x + 0.5) / size, (y + 0.5) / size, area, overlap)


def _patch(mask: np.ndarray, x: float, y: float, side: float) -> np.ndarray:
    """A mask around its center of mass, scaled to unit area: (_PATCH, _PATCH)."""
    grid = (np.arange(_PATCH) + 0.5) / _PATCH * 2 - 1  # the patch reaches one side of the square of equal area
    across, down = np.meshgrid(x + grid * side, y + grid * side)
    return ndimage.map_coordinates(mask.astype(np.float32), [down, across], order=1) > 0.5


def _best_shape(patch: np.ndarray) -> tuple[str, float]:
    names, outlines = _ideal_outlines()
    shared = (outlines & patch).sum((1, 2))
    overlap = shared / np.maximum((outlines | patch).sum((1, 2)), 1)
    best = int(overlap.argmax())
    return names[best], float(overlap[best])


@cache
def _ideal_outlines() -> tuple[list[str], np.ndarray]:
    """Every shape at a few rotations, as patches of unit area."""
    size = 192
    middles = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = np.meshgrid(middles, middles)
    names, outlines = [], []
    for name in SHAPES:
        for rotation in (-0.16, -0.08, 0.0, 0.08, 0.16):
            mask = named_shape(name, 0.5, 0.5, 0.3, rotation=rotation)(x, y) < 0
            rows, columns = np.nonzero(mask)
            names.append(name)
            outlines.append(_patch(mask, columns.mean(), rows.mean(), np.sqrt(mask.sum())))
    return names, np.stack(outlines)
