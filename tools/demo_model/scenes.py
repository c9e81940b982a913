"""Little landscapes: a land, a time of day and a thing, painted from back to front."""

from dataclasses import dataclass

import numpy as np

from tools.demo_model.canvas import Canvas
from tools.demo_model.palette import tinted, unit
from tools.demo_model.shapes import box, circle, minus, polygon, union
from tools.demo_model.specs import Scene

SKY = {
    "day": (unit(92, 168, 240), unit(206, 232, 250)),
    "sunset": (unit(96, 62, 142), unit(252, 160, 88)),
    "night": (unit(12, 16, 44), unit(48, 58, 112)),
}
GROUND = {
    "meadow": (unit(112, 190, 80), unit(58, 140, 58)),
    "sea": (unit(40, 120, 200), unit(16, 70, 150)),
    "snow": (unit(248, 250, 255), unit(205, 218, 240)),
    "desert": (unit(240, 206, 130), unit(214, 160, 84)),
}
BROWN, DARK_ROOF, RED_ROOF = unit(110, 72, 44), unit(84, 60, 60), unit(120, 62, 44)
MOONLIGHT, STARLIGHT, LAMPLIGHT = unit(250, 240, 190), unit(255, 250, 225), unit(255, 226, 120)


@dataclass(frozen=True)
class Light:
    """How the time of day changes what a thing's color looks like."""

    strength: float
    tint: np.ndarray
    night: bool = False

    def on(self, color: np.ndarray) -> np.ndarray:
        return np.clip(color * self.strength * self.tint, 0, 1).astype(np.float32)


LIGHT = {
    "day": Light(1.0, unit(255, 255, 255)),
    "sunset": Light(0.86, unit(255, 218, 196)),
    "night": Light(0.6, unit(180, 190, 255), night=True),
}


def paint_scene(canvas: Canvas, scene: Scene, rng: np.random.Generator) -> None:
    light = LIGHT[scene.time]
    horizon = rng.uniform(0.61, 0.66)
    _paint_sky(canvas, scene.time, horizon, rng)
    if scene.thing == "mountains":
        _paint_mountains(canvas, light, horizon, rng)
    _paint_ground(canvas, scene.land, light, horizon, rng)
    foot = horizon + rng.uniform(0.14, 0.19)
    match scene.thing:
        case "house":
            _paint_house(canvas, scene.color, light, rng.uniform(0.43, 0.57), foot, rng.uniform(0.36, 0.42), rng)
        case "tree":
            _paint_tree(canvas, light, rng.uniform(0.42, 0.58), foot + 0.02, rng.uniform(0.48, 0.55))
        case "house and tree":
            side = rng.choice((-1, 1))
            _paint_house(canvas, scene.color, light, 0.5 - side * 0.185, foot, rng.uniform(0.31, 0.35), rng)
            _paint_tree(canvas, light, 0.5 + side * 0.25, foot + 0.03, rng.uniform(0.42, 0.48))
        case "sailboat":
            _paint_sailboat(canvas, scene.color, light, rng.uniform(0.43, 0.57), foot - 0.04, rng)


def _mix(top: np.ndarray, bottom: np.ndarray, share: np.ndarray) -> np.ndarray:
    return (top + (bottom - top) * share[..., None]).astype(np.float32)


def _paint_sky(canvas: Canvas, time: str, horizon: float, rng: np.random.Generator) -> None:
    canvas.pixels[:] = _mix(*SKY[time], np.clip(canvas.y / horizon, 0, 1) ** 1.2)
    aside = rng.choice((rng.uniform(0.15, 0.22), rng.uniform(0.78, 0.85)))
    if time == "day":
        sun = circle(aside, rng.uniform(0.15, 0.2), rng.uniform(0.08, 0.095))
        canvas.glow(sun, unit(255, 250, 200), falloff=14, strength=0.35)
        canvas.fill(sun, unit(255, 224, 70))
        _paint_cloud(canvas, 1 - aside + rng.uniform(-0.08, 0.08), rng.uniform(0.15, 0.22), rng.uniform(0.9, 1.2))
    elif time == "sunset":
        sun = circle(rng.uniform(0.3, 0.7), horizon - rng.uniform(0.03, 0.07), rng.uniform(0.12, 0.145))
        canvas.glow(sun, unit(255, 200, 120), falloff=7, strength=0.45)
        canvas.fill(sun, unit(255, 214, 120))
    else:
        _paint_stars(canvas, rng)
        height = rng.uniform(0.17, 0.22)
        moon = minus(circle(aside, height, 0.095), circle(aside + 0.05, height - 0.025, 0.085))
        canvas.fill(moon, MOONLIGHT, within=(aside - 0.1, height - 0.1, aside + 0.1, height + 0.1))


def _paint_cloud(canvas: Canvas, x: float, y: float, scale: float) -> None:
    puffs = [
        circle(x + k * 0.07 * scale, y + (0.012 if k else -0.012), (0.038 if k else 0.05) * scale) for k in (-1, 0, 1)
    ]
    canvas.fill(union(*puffs), unit(255, 255, 255), within=(x - 0.16, y - 0.1, x + 0.16, y + 0.1), opacity=0.92)


def _paint_stars(canvas: Canvas, rng: np.random.Generator) -> None:
    """One star in most cells of a grid: scattered, yet few enough that latents can hold them."""
    for column in range(5):
        for row in range(2):
            if rng.random() < 0.75:
                x, y = 0.2 * column + rng.uniform(0.03, 0.17), 0.21 * row + rng.uniform(0.04, 0.18)
                radius = rng.uniform(0.009, 0.013)
                canvas.fill(
                    circle(x, y, radius), STARLIGHT, within=(x - 0.03, y - 0.03, x + 0.03, y + 0.03), opacity=0.95
                )


def _paint_mountains(canvas: Canvas, light: Light, horizon: float, rng: np.random.Generator) -> None:
    for index, x in enumerate((rng.uniform(0.24, 0.38), rng.uniform(0.62, 0.76))):
        peak = horizon + 0.03 - rng.uniform(0.36, 0.43)
        half_width = rng.uniform(0.31, 0.37)
        rock = polygon([(x, peak), (x + half_width, horizon + 0.05), (x - half_width, horizon + 0.05)])
        canvas.fill(rock, light.on(unit(112, 118, 142) * (1 - 0.1 * index)))

        def snow(right: np.ndarray, down: np.ndarray, rock=rock, x=x, peak=peak) -> np.ndarray:
            zigzag = 0.025 * np.abs(((right - x) * 14) % 2 - 1)
            return np.maximum(rock(right, down), down - (peak + 0.11 + zigzag))

        canvas.fill(snow, light.on(unit(246, 248, 252)))


def _paint_ground(canvas: Canvas, land: str, light: Light, horizon: float, rng: np.random.Generator) -> None:
    color = light.on(_mix(*GROUND[land], np.clip((canvas.y - horizon) / (1 - horizon), 0, 1)))
    below = (0, horizon - 0.06, 1, 1)
    phase = rng.uniform(0, 2 * np.pi)
    if land != "sea":
        height = rng.uniform(0.015, 0.03)
        canvas.fill(lambda x, y: horizon + height * np.sin(x * 5 + phase) - y, color, within=below)
        return
    canvas.fill(lambda x, y: horizon - y, color, within=below)
    for index in range(3):
        level = horizon + 0.08 + index * 0.1
        ripple = lambda x, y, level=level, turn=phase + 1.7 * index: (
            np.abs(y - level - 0.008 * np.sin(x * 20 + turn)) - 0.007
        )
        canvas.fill(ripple, light.on(unit(150, 205, 245)), within=(0, level - 0.04, 1, level + 0.04), opacity=0.45)


def _paint_house(
    canvas: Canvas, color: str, light: Light, x: float, foot: float, width: float, rng: np.random.Generator
) -> None:
    height = 0.72 * width
    around = (x - 0.7 * width, foot - 1.4 * width, x + 0.7 * width, foot + 0.02)
    canvas.fill(box(x - width / 2, foot - height, x + width / 2, foot), light.on(tinted(color, rng)), within=around)
    eaves = foot - height + 0.005
    roof = polygon([(x, foot - height - 0.5 * width), (x + 0.62 * width, eaves), (x - 0.62 * width, eaves)])
    canvas.fill(roof, light.on(DARK_ROOF if color == "red" else RED_ROOF), within=around)
    door = box(x - 0.11 * width, foot - 0.55 * height, x + 0.11 * width, foot)
    canvas.fill(door, light.on(unit(92, 58, 40)), within=around)
    glass = LAMPLIGHT if light.night else light.on(unit(200, 230, 250))
    for side in (-1, 1):
        middle = x + side * 0.31 * width
        window = box(middle - 0.09 * width, foot - 0.75 * height, middle + 0.09 * width, foot - 0.42 * height)
        canvas.fill(window, glass, within=around)


def _paint_tree(canvas: Canvas, light: Light, x: float, foot: float, height: float) -> None:
    trunk = box(x - 0.06 * height, foot - 0.45 * height, x + 0.06 * height, foot)
    canvas.fill(trunk, light.on(BROWN), within=(x - 0.1, foot - height, x + 0.1, foot + 0.02))
    tops = [
        circle(x + side * 0.2 * height, foot - 0.58 * height - (0 if side else 0.16 * height), 0.25 * height)
        for side in (-1, 0, 1)
    ]
    green = _mix(unit(86, 176, 84), unit(40, 112, 56), np.clip((canvas.y - foot + height) / (0.75 * height), 0, 1))
    around = (x - 0.5 * height, foot - 1.05 * height, x + 0.5 * height, foot - 0.3 * height)
    canvas.fill(union(*tops), light.on(green), within=around)


def _paint_sailboat(canvas: Canvas, color: str, light: Light, x: float, foot: float, rng: np.random.Generator) -> None:
    width = rng.uniform(0.38, 0.44)
    around = (x - 0.55 * width, foot - 1.3 * width, x + 0.55 * width, foot + 0.02)
    deck = foot - 0.2 * width
    hull = [(x - 0.5 * width, deck), (x + 0.5 * width, deck), (x + 0.34 * width, foot), (x - 0.34 * width, foot)]
    canvas.fill(polygon(hull), light.on(unit(126, 72, 44)), within=around)
    canvas.fill(box(x - 0.008, foot - 1.22 * width, x + 0.008, deck), light.on(unit(90, 60, 40)), within=around)
    cloth = light.on(tinted(color, rng))
    low = foot - 0.28 * width
    large = polygon([(x + 0.016, foot - 1.18 * width), (x + 0.48 * width, low), (x + 0.016, low)])
    small = polygon([(x - 0.016, foot - 1.02 * width), (x - 0.016, low), (x - 0.40 * width, low)])
    canvas.fill(large, cloth, within=around)
    canvas.fill(small, cloth * 0.86, within=around)
