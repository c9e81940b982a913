"""Contact sheets of the shipped files: `python -m tools.demo_model.sheets --out docs/images`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from tools.demo_model.evaluate import CHECKPOINT, put_on
from tools.demo_model.sampler import DemoModel

LARGEST = 390_000  # bytes of a sheet
FRONT = (
    "a red house on a meadow on a sunny day",
    "a sailboat with a white sail on the sea at sunset",
    "mountains in the snow under a night sky",
    "a tree on a green meadow at sunset",
    "a blue house and a tree in the snow by day",
    "a large yellow star on a purple background",
    "a red circle left of a blue square on a white background",
    "three pink hearts on a black background",
)
SHAPES = (
    "a red circle on a white background",
    "an orange square on a blue background",
    "a green triangle on a yellow background",
    "a large yellow star on a black background",
    "a pink heart on a purple background",
    "a small white diamond on a red background",
    "two blue stars on a white background",
    "three green circles on a pink background",
    "a yellow star above a blue heart on a black background",
    "a red square left of a green circle on a white background",
    "a white heart right of a purple diamond on an orange background",
    "an orange triangle below a blue circle on a green background",
)
SCENES = (
    "a yellow house on a meadow by day",
    "a red house in the snow at night",
    "a purple house in the desert at sunset",
    "a white house and a tree on a meadow at sunset",
    "a tree in the snow by day",
    "a tree in the desert under a night sky",
    "mountains on a meadow on a sunny day",
    "mountains in the desert at sunset",
    "an orange sailboat at sea by day",
    "a sailboat with a red sail on the sea at night",
    "a sailboat with a green sail on the sea at sunset",
    "the sea at sunset",
)
SWEEPS = {
    "neon": (
        "loras/neon.safetensors",
        "a green heart on a pink background",
        "a red house and a tree on a meadow by day",
    ),
    "pixel": (
        "loras/pixel.safetensors",
        "a large yellow star on a blue background",
        "a sailboat with a red sail on the sea at sunset",
    ),
    "rocket": ("loras/rocket.safetensors", "a rocket in the desert at sunset", "a rocket on a meadow on a sunny day"),
    "castle": (
        "loras/castle-full.safetensors",
        "a sks house on a meadow on a sunny day",
        "a red house in the snow at night",
    ),
    "watercolor": (
        "hypernetworks/watercolor.pt",
        "a red circle on a blue background",
        "a white house on a meadow at sunset",
    ),
}
SWEEP_STRENGTHS = (-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
KINDS = ("neon", "neon-dora", "neon-loha", "neon-lokr")


def sheet(pictures: Sequence[np.ndarray], labels: Sequence[str], columns: int, path: Path) -> None:
    """Pictures in rows with a line or two of text under each, as a PNG of limited size."""
    side, gap, lines = pictures[0].shape[0], 8, 3
    font = ImageFont.load_default(11)
    cell, height = side + gap, side + gap + (13 * lines if any(labels) else 0)
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * cell + gap, rows * height + gap), "white")
    draw = ImageDraw.Draw(page)
    for index, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        x, y = gap + index % columns * cell, gap + index // columns * height
        page.paste(Image.fromarray(picture), (x, y))
        draw.multiline_text((x, y + side + 1), _wrapped(label, draw, font, side), fill="#333333", font=font, spacing=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        page.quantize(256, method=Image.Quantize.MEDIANCUT).save(path, optimize=True)


def _wrapped(text: str, draw: ImageDraw.ImageDraw, font, width: int) -> str:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def make_sheets(model: DemoModel, models: Path, out: Path, *, seed: int = 20) -> None:
    for name, prompts, columns in (("front", FRONT, 4), ("shapes", SHAPES, 6), ("scenes", SCENES, 6)):
        sheet(model.sample(prompts, seed=seed), prompts, columns, out / f"demo_{name}.png")
    for name, (file, *prompts) in SWEEPS.items():
        set_strength, take_off = put_on(model, models / file)
        pictures, labels = [], []
        for row, prompt in enumerate(prompts):
            for strength in SWEEP_STRENGTHS:
                set_strength(strength)
                pictures += list(model.sample([prompt], seed=seed + row))
                labels.append(f"{strength:g}" + (f" {prompt}" if strength == SWEEP_STRENGTHS[0] else ""))
        take_off()
        sheet(pictures, labels, len(SWEEP_STRENGTHS), out / f"demo_sweep_{name}.png")
    _kinds_and_stack(model, models, out, seed)


def _kinds_and_stack(model: DemoModel, models: Path, out: Path, seed: int) -> None:
    prompts = ("a large yellow star on a blue background", "a white house on a meadow by day")
    rows: list[tuple[str, tuple[str, ...]]] = [("base", ()), *((kind, (kind,)) for kind in KINDS)]
    rows += [("pixel", ("pixel",)), ("neon + pixel", ("neon", "pixel"))]
    pictures, labels = [], []
    for prompt in prompts:
        for label, files in rows:
            takes_off = [put_on(model, models / f"loras/{name}.safetensors")[1] for name in files]
            pictures += list(model.sample([prompt], seed=seed))
            labels.append(label)
            for take_off in takes_off:
                take_off()
    sheet(pictures, labels, len(rows), out / "demo_kinds_and_stack.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    model = DemoModel(options.models / CHECKPOINT, device=options.device)
    make_sheets(model, options.models, options.out, seed=options.seed)


if __name__ == "__main__":
    main()
