"""The pictures that examples start from, drawn as the model's world is: `python -m tools.demo_model.inputs`."""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from tools.demo_model.pictures import paint
from tools.demo_model.specs import Scene

SIZE, SEED = 128, 3
HOUSE = (28, 28, 100, 108)
"""Left, top, right, bottom in pixels, with room for another house's roof and walls."""


def draw_inputs(folder: Path) -> None:
    """`house.png`, and `house_to_redraw.png`, the same with the house clear: what is clear becomes the mask."""
    picture = paint(Scene("meadow", "day", "house", "blue"), SIZE, np.random.default_rng(SEED))
    Image.fromarray(picture).save(folder / "house.png", optimize=True)
    left, top, right, bottom = HOUSE
    alpha = np.full((SIZE, SIZE, 1), 255, np.uint8)
    alpha[top:bottom, left:right] = 0  # the colors beneath stay in the file
    Image.fromarray(np.concatenate([picture, alpha], axis=2)).save(folder / "house_to_redraw.png", optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("input"))
    draw_inputs(parser.parse_args().out)


if __name__ == "__main__":
    main()
