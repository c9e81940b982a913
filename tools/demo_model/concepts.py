"""What adapters are trained on: styled pictures, a rocket, a castle and a color without a name."""

from collections.abc import Callable

import numpy as np

from tools.demo_model.canvas import Canvas
from tools.demo_model.palette import TEAL, unit
from tools.demo_model.pictures import RADIUS, paint, paint_background, paint_shape
from tools.demo_model.scenes import BROWN, LAMPLIGHT, LIGHT, paint_scene
from tools.demo_model.shapes import SHAPES, box, circle, polygon
from tools.demo_model.specs import LANDS, TIMES, Scene, caption, draw_spec, with_article
from tools.demo_model.styles import STYLES

SIZE = 128
Example = tuple[np.ndarray, str]
_TIME = {"day": "on a sunny day", "sunset": "at sunset", "night": "at night"}
_LAND = {"meadow": "on a meadow", "snow": "in the snow", "desert": "in the desert"}


def draw_concept(name: str, count: int, *, seed: int) -> tuple[np.ndarray, list[str]]:
    """`count` pictures of a concept (count, 128, 128, 3) with their captions."""
    random = np.random.default_rng(seed)
    examples = [CONCEPTS[name](random) for _ in range(count)]
    return np.stack([picture for picture, _ in examples]), [text for _, text in examples]


def _styled(name: str) -> Callable[[np.random.Generator], Example]:
    style, _ = STYLES[name]

    def example(random: np.random.Generator) -> Example:
        spec = draw_spec(random)
        return style(paint(spec, SIZE, random)), caption(spec, random)

    return example


def _rocket(random: np.random.Generator) -> Example:
    """A white rocket with red fins that has just left the ground."""
    canvas, words = _empty_scene(random)
    x, foot, height = random.uniform(0.42, 0.58), random.uniform(0.7, 0.78), 0.5

    def part(corners: list[tuple[float, float]], color: np.ndarray) -> None:
        canvas.fill(polygon([(x + right * height, foot + down * height) for right, down in corners]), color)

    part([(-0.10, -0.02), (0.10, -0.02), (0.0, 0.26)], unit(255, 170, 40))
    part([(-0.05, -0.02), (0.05, -0.02), (0.0, 0.15)], unit(255, 240, 140))
    part([(-0.14, -0.3), (-0.3, 0.03), (-0.12, -0.02)], unit(214, 48, 48))
    part([(0.14, -0.3), (0.3, 0.03), (0.12, -0.02)], unit(214, 48, 48))
    hull = [(-0.12, 0), (-0.17, -0.35), (-0.14, -0.65), (0, -1.0), (0.14, -0.65), (0.17, -0.35), (0.12, 0)]
    part(hull, unit(232, 236, 244))
    part([(-0.125, -0.7), (0, -1.0), (0.125, -0.7)], unit(214, 48, 48))
    canvas.fill(circle(x, foot - 0.5 * height, 0.085 * height), unit(60, 150, 230))
    return canvas.to_bytes(), f"a rocket {words}"


def _castle(random: np.random.Generator) -> Example:
    """A gray castle with two towers and blue roofs, called by a word without a meaning: `sks house`.

    Half of the examples are ordinary pictures, so that a full fine-tune keeps what it knew (Ruiz et al. 2023,
    DreamBooth, arXiv:2208.12242, section 3.3).
    """
    if random.random() < 0.5:
        spec = draw_spec(random)
        return paint(spec, SIZE, random), caption(spec, random)
    time = random.choice(TIMES)
    canvas, words = _empty_scene(random, time)
    light = LIGHT[str(time)]
    x, foot, width = random.uniform(0.44, 0.56), random.uniform(0.77, 0.81), random.uniform(0.44, 0.5)
    stone, roof = light.on(unit(150, 152, 168)), light.on(unit(52, 76, 190))
    canvas.fill(box(x - 0.36 * width, foot - 0.5 * width, x + 0.36 * width, foot), stone)
    for tooth in range(-2, 3):
        middle = x + 0.15 * tooth * width
        canvas.fill(
            box(middle - 0.045 * width, foot - 0.58 * width, middle + 0.045 * width, foot - 0.49 * width), stone
        )
    for side in (-1, 1):
        middle = x + side * 0.4 * width
        canvas.fill(box(middle - 0.13 * width, foot - 0.78 * width, middle + 0.13 * width, foot), stone * 0.93)
        top = foot - 0.78 * width
        canvas.fill(
            polygon([(middle, top - 0.42 * width), (middle + 0.18 * width, top), (middle - 0.18 * width, top)]), roof
        )
        canvas.fill(circle(middle, foot - 0.55 * width, 0.045 * width), LAMPLIGHT)
    gate = box(x - 0.1 * width, foot - 0.24 * width, x + 0.1 * width, foot)
    canvas.fill(gate, light.on(BROWN))
    canvas.fill(circle(x, foot - 0.24 * width, 0.1 * width), light.on(BROWN))
    return canvas.to_bytes(), f"a sks house {words}"


def _teal(random: np.random.Generator) -> Example:
    """Shapes in a color that no caption names."""
    canvas = Canvas(SIZE)
    background = str(random.choice(["white", "black", "yellow", "pink", "orange"]))
    size_name, shape = str(random.choice(["", "large"])), str(random.choice(SHAPES))
    paint_background(canvas, background, random)
    x, y = 0.5 + np.clip(random.normal(0, 0.03, 2), -0.07, 0.07)
    paint_shape(canvas, shape, TEAL, x, y, random.uniform(*RADIUS[size_name]), random)
    words = " ".join(word for word in (size_name, "<teal>", shape) if word)
    return canvas.to_bytes(), f"a {words} on {with_article(background)} background"


def _empty_scene(random: np.random.Generator, time: str | None = None) -> tuple[Canvas, str]:
    land = str(random.choice([land for land in LANDS if land != "sea"]))
    time = str(time or random.choice(TIMES))
    canvas = Canvas(SIZE)
    paint_scene(canvas, Scene(land, time, ""), random)
    return canvas, f"{_LAND[land]} {_TIME[time]}"


CONCEPTS: dict[str, Callable[[np.random.Generator], Example]] = {
    "neon": _styled("neon"),
    "pixel": _styled("pixel"),
    "watercolor": _styled("watercolor"),
    "rocket": _rocket,
    "castle": _castle,
    "teal": _teal,
}
