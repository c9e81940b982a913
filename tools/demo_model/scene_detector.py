"""Says what a little landscape shows, by rules on pixels.

The time is the color of the sky's top, the land the color of the lower corners under that time's light. Every pixel
above and around the horizon then takes the label of the nearest color that can be there, and a thing is there when
its parts are, where they belong: a brown roof over a wall, a green crown, a hull with a sail, gray rock.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from tools.demo_model.palette import COLOR_NAMES, COLORS, unit
from tools.demo_model.scenes import BROWN, DARK_ROOF, GROUND, LAMPLIGHT, LIGHT, MOONLIGHT, RED_ROOF, SKY, Light
from tools.demo_model.specs import Scene

_HORIZON = 0.635
_LEAVES = (unit(86, 176, 84), unit(63, 144, 70), unit(40, 112, 56))
_PARTS = {f"leaf {index}": color for index, color in enumerate(_LEAVES)} | {
    "roof": RED_ROOF,
    "roof of a red house": DARK_ROOF,
    "trunk": BROWN,
    "rock": unit(107, 112, 135),
    "snow": unit(246, 248, 252),
}
_HULL = unit(126, 72, 44)
_SKY_BAND = (0.1, 0.6)  # rows, as shares of the height
_MOUNTAINS = 0.09  # of that band


@dataclass(frozen=True)
class SeenScene:
    land: str
    time: str
    thing: str
    color: str


def look_at_scene(picture: np.ndarray) -> SeenScene:
    pixels = picture.astype(np.float32) / 255
    time = _nearest(_median(pixels, 0.0, 0.05, 0.3, 0.7), {name: top for name, (top, _) in SKY.items()})
    light = LIGHT[time]
    corners = np.median(
        np.concatenate([pixels[_rows(pixels, 0.93, 1), :8], pixels[_rows(pixels, 0.93, 1), -8:]], 1), (0, 1)
    )
    land = _nearest(corners, {name: light.on(bottom) for name, (_, bottom) in GROUND.items()})
    if land == "sea":
        thing, color = _at_sea(pixels, light, time)
    else:
        thing, color = _on_land(pixels, light, time)
    return SeenScene(land, time, thing, color)


def judge_scene(spec: Scene, picture: np.ndarray) -> dict[str, bool]:
    seen = look_at_scene(picture)
    return {
        "land": seen.land == spec.land,
        "time": seen.time == spec.time,
        "thing": seen.thing == spec.thing,
        "color": seen.color == spec.color,
    }


def _on_land(pixels: np.ndarray, light: Light, time: str) -> tuple[str, str]:
    labels = _label_sky(pixels, light, time)
    leaves = _opened(np.char.startswith(labels, "leaf"))
    roof = _largest(_opened(np.char.startswith(labels, "roof")))
    if roof is not None and roof.mean() > 0.03:
        color, columns = _wall_color(pixels, light, roof)
        leaves[:, columns] = False
        return ("house and tree" if leaves.mean() > 0.045 else "house"), color
    if leaves.mean() > 0.1:
        return "tree", ""
    return ("mountains", "") if (labels == "rock").mean() > _MOUNTAINS else ("", "")


def _at_sea(pixels: np.ndarray, light: Light, time: str) -> tuple[str, str]:
    size = len(pixels)
    band = _rows(pixels, 0.55, 0.85)
    sea = {f"sea {i}": light.on(GROUND["sea"][i]) for i in (0, 1)} | {"ripple": light.on(unit(95, 165, 225))}
    evening = {} if time != "sunset" else {"sun": unit(255, 214, 120), "glow": unit(252, 180, 110)}
    labels = _nearest_labels(
        pixels[band], {"hull": light.on(_HULL), "sky": SKY[time][1], "rock": light.on(_PARTS["rock"])} | sea | evening
    )
    hull = _largest(_opened(labels == "hull"))
    if hull is not None and hull.sum() > 0.012 * size**2:
        rows, columns = np.nonzero(hull)
        width = columns.max() - columns.min()
        foot, middle = band.start + rows.max(), (columns.max() + columns.min()) / 2
        y, x, reach = int(foot - 0.5 * width), int(middle + 0.16 * width), max(1, int(0.06 * width))
        sail = np.median(pixels[max(y - reach, 0) : y + reach, max(x - reach, 0) : x + reach], (0, 1))
        names = [name for name in COLOR_NAMES if name != "black"]
        named = {name: light.on(unit(*COLORS[name])) for name in names}
        y_sky = min(max(y / size / _HORIZON, 0), 1) ** 1.2
        named["sky"] = SKY[time][0] + (SKY[time][1] - SKY[time][0]) * y_sky
        color = _nearest(sail, named)
        if color != "sky":
            return "sailboat", color
    rock = (_label_sky(pixels, light, time) == "rock").mean()
    return ("mountains", "") if rock > _MOUNTAINS else ("", "")


def _wall_color(pixels: np.ndarray, light: Light, roof: np.ndarray) -> tuple[str, slice]:
    """The commonest named color under the roof, door and windows apart; and the columns of the house."""
    size = len(pixels)
    rows, columns = np.nonzero(roof)
    left, right, eaves = columns.min(), columns.max(), int(_SKY_BAND[0] * size) + rows.max() + 2
    width = (right - left) / 1.24
    middle = (left + right) / 2
    wall = pixels[eaves : eaves + int(0.6 * width), int(middle - 0.46 * width) : int(middle + 0.46 * width)]
    names = [name for name in COLOR_NAMES if name != "black"]
    colors = {name: light.on(unit(*COLORS[name])) for name in names}
    others = {"door": light.on(unit(92, 58, 40)), "glass": LAMPLIGHT if light.night else light.on(unit(200, 230, 250))}
    labels = _nearest_labels(wall, colors | others)
    if labels.size == 0:
        return "", slice(left, right + 1)
    counts = {name: int((labels == name).sum()) for name in names}
    return max(counts, key=counts.get), slice(int(left), int(right) + 1)


def _label_sky(pixels: np.ndarray, light: Light, time: str) -> np.ndarray:
    """Label of each pixel above the horizon: sky, what shines in it, or a part of a thing under this light."""
    band = _rows(pixels, *_SKY_BAND)
    share = np.clip((np.arange(band.start, band.stop) + 0.5) / len(pixels) / _HORIZON, 0, 1) ** 1.2
    sky = SKY[time][0] + (SKY[time][1] - SKY[time][0]) * share[:, None]  # (rows, 3)
    shining = {
        "day": {"sun": unit(255, 224, 70), "cloud": unit(255, 255, 255), "haze": unit(225, 240, 250)},
        "sunset": {"sun": unit(255, 214, 120), "glow": unit(250, 180, 112), "dusk": unit(225, 150, 115)},
        "night": {"moon": MOONLIGHT, "dim": unit(130, 130, 140)},
    }[time]
    # Walls and lands are labels too, so that a colored wall is not taken for leaves or rock.
    walls = {f"wall {name}": light.on(unit(*COLORS[name])) for name in COLOR_NAMES if name not in ("black", "green")}
    candidates = shining | {name: light.on(color) for name, color in _PARTS.items()} | walls
    names = np.array(["sky", *candidates])
    distance = np.stack(
        [np.linalg.norm(pixels[band] - sky[:, None], axis=-1)]
        + [np.linalg.norm(pixels[band] - color, axis=-1) for color in candidates.values()]
    )
    return names[distance.argmin(0)]


def _nearest_labels(pixels: np.ndarray, colors: dict[str, np.ndarray]) -> np.ndarray:
    distance = np.stack([np.linalg.norm(pixels - color, axis=-1) for color in colors.values()])
    return np.array(list(colors))[distance.argmin(0)]


def _nearest(rgb: np.ndarray, colors: dict[str, np.ndarray]) -> str:
    return min(colors, key=lambda name: float(np.linalg.norm(colors[name] - rgb)))


def _rows(pixels: np.ndarray, top: float, bottom: float) -> slice:
    return slice(int(top * len(pixels)), int(bottom * len(pixels)))


def _median(pixels: np.ndarray, top: float, bottom: float, left: float, right: float) -> np.ndarray:
    size = len(pixels)
    return np.median(pixels[_rows(pixels, top, bottom), int(left * size) : int(right * size)], (0, 1))


def _opened(mask: np.ndarray) -> np.ndarray:
    return ndimage.binary_opening(mask, iterations=1)


def _largest(mask: np.ndarray) -> np.ndarray | None:
    labels, count = ndimage.label(mask)
    if not count:
        return None
    return labels == 1 + int(np.argmax(ndimage.sum_labels(mask, labels, range(1, count + 1))))
