"""A small part of the evaluation, on the shipped files; the whole of it is in docs/demo_model.json."""

import json

import numpy as np
import pytest

from tools.demo_model.evaluate import STRENGTHS, STYLE_FILES, groups, put_on, rates, sees_rocket
from tools.demo_model.manifest import MODELS
from tools.demo_model.specs import caption
from tools.demo_model.styles import STYLES

TABLE = json.loads((MODELS.parent / "docs" / "demo_model.json").read_text())


@pytest.mark.parametrize("group", groups(1))
def test_pictures_are_what_held_out_captions_say(group, demo):
    specs = groups(2)[group]
    random = np.random.default_rng(1)
    pictures = demo.sample([caption(spec, random) for spec in specs], seed=77)
    assert rates(specs, pictures)["all"] >= 1 / 2


def test_the_committed_table_meets_the_figures_asked_for():
    prompts, judged = TABLE["prompts"], TABLE["judge and autoencoder"]
    for group in ("one shape, seen pairs", "one shape, pairs never shown"):
        assert min(prompts[group]["color"], prompts[group]["background"]) >= 0.95
    assert prompts["one shape, seen pairs"]["shape"] >= 0.90
    assert prompts["one shape, pairs never shown"]["shape"] >= 0.75
    assert prompts["two shapes"]["all"] >= 0.60
    assert prompts["scene"]["all"] >= 0.85
    assert judged["all"]["decibels"] >= 30
    for group in groups(1):
        assert judged[group]["judge right on true pictures"] >= 0.99
        assert judged[group]["judge right on decoded pictures"] >= 0.98


@pytest.mark.parametrize("file", STYLE_FILES)
def test_the_committed_style_scores_rise_with_strength(file):
    assert TABLE["styles"][file]["spearman"] >= 0.9
    assert TABLE["styles"][file]["strength 0 is the base"]
    assert list(TABLE["styles"][file]["scores"]) == [str(strength) for strength in STRENGTHS]


@pytest.mark.parametrize("file", STYLE_FILES)
def test_a_style_is_there_at_one_and_gone_at_zero(file, demo, models):
    prompts = ["a red circle on a white background"]
    base = demo.sample(prompts, steps=6)
    set_strength, take_off = put_on(demo, models / file)
    styled = demo.sample(prompts, steps=6)
    set_strength(0.0)
    at_zero = demo.sample(prompts, steps=6)
    take_off()
    score = STYLES[STYLE_FILES[file]][1]
    assert score(styled[0]) > score(base[0]) + 0.05
    assert (at_zero == base).all()
    assert (demo.sample(prompts, steps=6) == base).all()


def test_the_rocket_comes_with_its_file_only(demo, models):
    prompts = ["a rocket on a meadow on a sunny day"]
    assert not sees_rocket(demo.sample(prompts, seed=3)[0])
    _, take_off = put_on(demo, models / "loras/rocket.safetensors")
    picture = demo.sample(prompts, seed=3)[0]
    take_off()
    assert sees_rocket(picture)
