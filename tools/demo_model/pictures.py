"""Paints a spec; the size in pixels is free, everything else is in units of the picture's width."""

import numpy as np

from tools.demo_model.canvas import Canvas
from tools.demo_model.palette import tinted
from tools.demo_model.scenes import paint_scene
from tools.demo_model.shapes import named_shape
from tools.demo_model.specs import ManyShapes, OneShape, Scene, Spec, TwoShapes, caption, draw_spec

Color = str | tuple[int, int, int]
RADIUS = {"small": (0.12, 0.145), "": (0.20, 0.24), "large": (0.30, 0.34)}
# Direction from the first object to the middle of the picture's opposite side: "left of" puts it left.
PLACE = {"left of": (-1, 0), "right of": (1, 0), "above": (0, -1), "below": (0, 1)}


def paint(spec: Spec, size: int, rng: np.random.Generator) -> np.ndarray:
    """The picture of a spec: (size, size, 3) bytes."""
    canvas = Canvas(size)
    match spec:
        case Scene():
            paint_scene(canvas, spec, rng)
        case OneShape(color, shape, background, size_name):
            paint_background(canvas, background, rng)
            across, down = np.clip(rng.normal(0, 0.03, 2), -0.07, 0.07) * (0.5 if size_name == "large" else 1)
            paint_shape(canvas, shape, color, 0.5 + across, 0.5 + down, rng.uniform(*RADIUS[size_name]), rng)
        case TwoShapes(first, second, relation, background):
            paint_background(canvas, background, rng)
            apart, aside = rng.uniform(0.22, 0.25), rng.uniform(-0.03, 0.03)
            right, down = PLACE[relation]
            across, along = (right * apart + abs(down) * aside, down * apart + abs(right) * aside)
            for side, (color, shape) in ((1, first), (-1, second)):
                paint_shape(
                    canvas, shape, color, 0.5 + side * across, 0.5 + side * along, rng.uniform(0.155, 0.18), rng
                )
        case ManyShapes(color, shape, count, background):
            paint_background(canvas, background, rng)
            places = [(0.27, 0.5), (0.73, 0.5)] if count == 2 else [(0.26, 0.69), (0.74, 0.69), (0.5, 0.28)]
            for x, y in places:
                x, y = np.array((x, y)) + rng.uniform(-0.02, 0.02, 2)
                paint_shape(canvas, shape, color, x, y, rng.uniform(0.15, 0.175), rng)
    return canvas.to_bytes()


def paint_background(canvas: Canvas, color: Color, rng: np.random.Generator) -> None:
    """A plain wall, a little lighter above and darker in the corners."""
    light = 1.05 - 0.16 * canvas.y - 0.10 * ((canvas.x - 0.5) ** 2 + (canvas.y - 0.5) ** 2)
    canvas.pixels[:] = tinted(color, rng) * light[..., None]


def paint_shape(
    canvas: Canvas, shape: str, color: Color, x: float, y: float, radius: float, rng: np.random.Generator
) -> None:
    """A shape with light from above and a soft shadow behind it."""
    rotation = rng.uniform(-0.1, 0.1)
    reach = 1.3 * radius + 0.08
    window = (x - reach, y - reach, x + reach, y + reach)
    shadow = named_shape(shape, x + 0.015, y + 0.022, radius, rotation=rotation)
    canvas.shade(shadow, within=window, softness=1 / 18, strength=0.26)
    light = 1.10 - 0.22 * np.clip((canvas.y - y + radius) / (2 * radius), 0, 1)
    lit = np.clip(tinted(color, rng) * light[..., None], 0, 1).astype(np.float32)
    canvas.fill(named_shape(shape, x, y, radius, rotation=rotation), lit, within=window)


def draw_examples(count: int, size: int, seed: int) -> tuple[np.ndarray, list[str], list[Spec]]:
    """Pictures (count, size, size, 3), their captions and specs; the same seed gives the same bytes."""
    rng = np.random.default_rng(seed)
    pictures = np.empty((count, size, size, 3), np.uint8)
    specs = [draw_spec(rng) for _ in range(count)]
    captions = [caption(spec, rng) for spec in specs]
    for index, spec in enumerate(specs):
        pictures[index] = paint(spec, size, rng)
    return pictures, captions, specs
