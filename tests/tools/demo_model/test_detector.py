"""The judge must be right far more often than the model that it judges."""

import numpy as np
import pytest
import torch

from tools.demo_model.detector import look
from tools.demo_model.evaluate import groups, rates
from tools.demo_model.pictures import paint
from tools.demo_model.specs import OneShape


@pytest.mark.parametrize("group", groups(1))
def test_it_is_right_on_true_pictures(group):
    random = np.random.default_rng(12)
    specs = groups(100)[group]
    assert rates(specs, [paint(spec, 128, random) for spec in specs])["all"] >= 0.99


@pytest.mark.parametrize("group", groups(1))
def test_it_is_right_on_decoded_pictures(group, demo):
    random = np.random.default_rng(13)
    specs = groups(12)[group]
    pictures = np.stack([paint(spec, 128, random) for spec in specs])
    with torch.no_grad():
        decoded = demo.decode(demo.encode_pictures(pictures))
    assert rates(specs, decoded)["all"] == 1


def test_a_vague_blob_is_no_shape():
    picture = np.full((128, 128, 3), 240, np.uint8)
    y, x = np.mgrid[:128, :128]
    angle, distance = np.arctan2(y - 64, x - 64), np.hypot(y - 64, x - 64)
    picture[distance < 26 + 9 * np.sin(3 * angle) + 7 * np.sin(7 * angle + 1)] = (222, 52, 52)
    (thing,) = look(picture).things
    assert (thing.color, thing.shape) == ("red", "unclear")


def test_it_tells_size_and_place():
    picture = paint(OneShape("green", "square", "white", "large"), 128, np.random.default_rng(2))
    (thing,) = look(picture).things
    assert abs(thing.x - 0.5) < 0.1
    assert thing.area > 0.2
