from collections import Counter

import numpy as np

from tools.demo_model.specs import (
    HELD_OUT,
    SEEN,
    ManyShapes,
    OneShape,
    Scene,
    TwoShapes,
    caption,
    draw_spec,
    is_held_out,
)


def drawn(count: int = 3000) -> list:
    random = np.random.default_rng(5)
    return [draw_spec(random) for _ in range(count)]


def test_training_never_shows_a_held_out_pair_or_caption():
    for spec in drawn():
        match spec:
            case OneShape(color, shape) | ManyShapes(color, shape):
                pairs = {(color, shape)}
            case TwoShapes(first, second):
                pairs = {first, second}
            case Scene():
                pairs = set()
        assert not pairs & HELD_OUT
        assert not is_held_out(spec)


def test_every_seen_pair_and_every_kind_is_drawn():
    specs = drawn()
    assert {(spec.color, spec.shape) for spec in specs if isinstance(spec, OneShape)} == SEEN
    assert min(Counter(type(spec) for spec in specs).values()) > 100


def test_a_caption_says_what_the_spec_says():
    random = np.random.default_rng(0)
    text = caption(TwoShapes(("orange", "star"), ("blue", "heart"), "left of", "white"), random)
    assert text.startswith("an orange star left of a blue heart")
    assert "white background" in text
    assert caption(ManyShapes("red", "circle", 3, "black"), random).startswith("three red circles")
    assert "house" in caption(Scene("snow", "night", "house", "red"), random)
