import numpy as np
import pytest

from tools.demo_model.concepts import CONCEPTS, draw_concept
from tools.demo_model.palette import COLORS
from tools.demo_model.pictures import draw_examples, paint
from tools.demo_model.shapes import SHAPES, named_shape
from tools.demo_model.specs import OneShape


def test_the_same_seed_gives_the_same_bytes():
    first, again, other = (draw_examples(6, 64, seed) for seed in (3, 3, 4))
    assert (first[0] == again[0]).all()
    assert first[1:] == again[1:]
    assert (first[0] != other[0]).any()


def test_a_picture_has_its_colors():
    picture = paint(OneShape("red", "circle", "blue", "large"), 128, np.random.default_rng(0))
    assert np.abs(picture[64, 64].astype(int) - COLORS["red"]).max() < 40
    assert np.abs(picture[4, 4].astype(int) - COLORS["blue"]).max() < 40


@pytest.mark.parametrize("shape", SHAPES)
def test_a_distance_is_negative_inside_and_shapes_are_about_equally_large(shape):
    x, y = np.meshgrid(*(np.linspace(0, 1, 200, dtype=np.float32),) * 2)
    inside = named_shape(shape, 0.5, 0.5, 0.2)(x, y) < 0
    assert inside[100, 100]
    assert not inside[5, 5]
    assert 0.035 < inside.mean() < 0.14


@pytest.mark.parametrize("concept", CONCEPTS)
def test_every_concept_draws_pictures_with_captions(concept):
    pictures, captions = draw_concept(concept, 2, seed=1)
    assert pictures.shape == (2, 128, 128, 3)
    assert all(captions)
