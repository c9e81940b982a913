from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.demo_model.inputs import HOUSE, draw_inputs

ROOT = Path(__file__).parents[3]


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.mark.parametrize("name", ["house.png", "house_to_redraw.png"])
def test_what_is_drawn_is_what_is_shipped(tmp_path, name):
    draw_inputs(tmp_path)
    drawn, shipped = pixels(tmp_path / name), pixels(ROOT / "input" / name)
    assert np.abs(drawn.astype(int) - shipped).max() <= 1  # another processor's rounding


def test_the_house_is_clear_and_its_colors_are_still_there():
    whole, clear = pixels(ROOT / "input/house.png"), pixels(ROOT / "input/house_to_redraw.png")
    left, top, right, bottom = HOUSE
    assert np.array_equal(clear[..., :3], whole)
    assert not clear[top:bottom, left:right, 3].any()
    assert clear[..., 3].sum() == 255 * (128 * 128 - (right - left) * (bottom - top))
