"""What a picture shows, as values; a spec is drawn at random, told by a caption and painted by `pictures`."""

import zlib
from dataclasses import dataclass

import numpy as np

from tools.demo_model.palette import COLOR_NAMES
from tools.demo_model.shapes import SHAPES

RELATIONS = ("left of", "right of", "above", "below")
LANDS = ("meadow", "sea", "snow", "desert")
TIMES = ("day", "sunset", "night")
SIZES = ("small", "", "large")
# Pairs of color and shape that training never shows: every seventh of the 54.
HELD_OUT = frozenset(
    (color, shape)
    for i, color in enumerate(COLOR_NAMES)
    for j, shape in enumerate(SHAPES)
    if (i * len(SHAPES) + j) % 7 == 3
)
SEEN = frozenset((color, shape) for color in COLOR_NAMES for shape in SHAPES) - HELD_OUT
# How often each kind is drawn: pairs teach which word belongs to which object, the hardest part.
SHARE = {"one": 0.30, "pair": 0.34, "count": 0.06, "scene": 0.30}


@dataclass(frozen=True)
class OneShape:
    color: str
    shape: str
    background: str
    size: str = ""


@dataclass(frozen=True)
class TwoShapes:
    first: tuple[str, str]  # color, shape
    second: tuple[str, str]
    relation: str
    background: str


@dataclass(frozen=True)
class ManyShapes:
    color: str
    shape: str
    count: int
    background: str


@dataclass(frozen=True)
class Scene:
    land: str
    time: str
    thing: str  # house, tree, "house and tree", sailboat, mountains or "" (the sea alone)
    color: str = ""  # of the house or of the sails


Spec = OneShape | TwoShapes | ManyShapes | Scene


def draw_spec(rng: np.random.Generator) -> Spec:
    """A spec of the training world: never a held-out pair, never a held-out caption."""
    kind = rng.choice(list(SHARE), p=list(SHARE.values()))
    draw = {"one": draw_one, "pair": draw_pair, "count": draw_count, "scene": draw_scene}[kind]
    while is_held_out(spec := draw(rng)):
        pass
    return spec


def is_held_out(spec: Spec) -> bool:
    """Every tenth spec is kept from training, so that the evaluation can ask for what was never told."""
    return zlib.crc32(repr(spec).encode()) % 10 == 0


def draw_one(rng: np.random.Generator, *, pairs: frozenset[tuple[str, str]] = SEEN) -> OneShape:
    color, shape = _pick(rng, sorted(pairs))
    return OneShape(color, shape, _other_color(rng, color), _pick(rng, ("", "", "small", "large")))


def draw_pair(rng: np.random.Generator) -> TwoShapes:
    first, second = _pick(rng, sorted(SEEN)), _pick(rng, sorted(SEEN))
    background = _pick(rng, [color for color in COLOR_NAMES if color not in (first[0], second[0])])
    return TwoShapes(first, second, _pick(rng, RELATIONS), background)


def draw_count(rng: np.random.Generator) -> ManyShapes:
    color, shape = _pick(rng, sorted(SEEN))
    return ManyShapes(color, shape, int(rng.integers(2, 4)), _other_color(rng, color))


def draw_scene(rng: np.random.Generator) -> Scene:
    land, time = _pick(rng, LANDS), _pick(rng, TIMES)
    if land == "sea":
        thing = _pick(rng, ("sailboat", "sailboat", "sailboat", "mountains", ""))
    else:
        thing = _pick(rng, ("house", "house", "tree", "tree", "mountains", "house and tree"))
    colored = "house" in thing or thing == "sailboat"
    return Scene(land, time, thing, _pick(rng, [c for c in COLOR_NAMES if c != "black"]) if colored else "")


def caption(spec: Spec, rng: np.random.Generator) -> str:
    """One of the ways to say a spec; word order and synonyms vary so that the encoder learns meaning."""
    match spec:
        case Scene():
            return _scene_caption(spec, rng)
        case OneShape(color, shape, background, size):
            size = _pick(rng, ("large", "big")) if size == "large" else size
            told = with_article(" ".join(word for word in (size, color, shape) if word))
        case TwoShapes((color, shape), (other_color, other_shape), relation, background):
            told = f"{with_article(f'{color} {shape}')} {relation} {with_article(f'{other_color} {other_shape}')}"
        case ManyShapes(color, shape, count, background):
            told = f"{('two', 'three')[count - 2]} {color} {shape}s"
    if rng.random() < 0.75:
        return f"{told} on {with_article(background)} background"
    return f"{told}, {background} background"


def with_article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def _scene_caption(scene: Scene, rng: np.random.Generator) -> str:
    house, boat = with_article(f"{scene.color} house"), with_article(f"{scene.color} sailboat")
    sails = f"a sailboat with {with_article(f'{scene.color} sail')}"
    thing = {
        "house": house,
        "tree": "a tree",
        "house and tree": f"{house} and a tree",
        "mountains": "mountains",
        "sailboat": _pick(rng, (sails, boat)),
        "": "",
    }[scene.thing]
    land = {
        "meadow": _pick(rng, ("on a meadow", "on a green meadow")),
        "sea": _pick(rng, ("on the sea", "at sea")),
        "snow": "in the snow",
        "desert": "in the desert",
    }[scene.land]
    time = {
        "day": _pick(rng, ("on a sunny day", "by day")),
        "sunset": "at sunset",
        "night": _pick(rng, ("at night", "under a night sky")),
    }[scene.time]
    if not thing:
        return f"the sea {time}"
    return f"{thing} {land} {time}" if rng.random() < 0.8 else f"{thing} {time} {land}"


def _other_color(rng: np.random.Generator, color: str) -> str:
    return _pick(rng, [other for other in COLOR_NAMES if other != color])


def _pick(rng: np.random.Generator, choices):
    return choices[int(rng.integers(len(choices)))]
