"""Measures how closely the shipped ControlNet keeps to edges: `python -m tools.demo_model.evaluate_control`.

It runs through the engine, as a workflow does. A picture's agreement with its hint is the harmonic mean of how much of
the hint is found again in the picture's own edges and how much of these is in the hint, at most a pixel apart.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from diffusion.canny import canny
from diffusion.checkpoint import open_checkpoint
from diffusion.conditioning import Conditioning
from diffusion.control import Control, open_control_net
from diffusion.device import choose_device
from diffusion.files.folders import ModelFolders
from diffusion.latent import Latent
from diffusion.residency import Residency
from diffusion.sampling import sample
from diffusion.text.encode import encode
from diffusion.vae import decode
from tools.demo_model.evaluate import groups, rates
from tools.demo_model.pictures import paint
from tools.demo_model.sheets import sheet
from tools.demo_model.specs import ManyShapes, OneShape, Scene, Spec, TwoShapes, caption

SIZE = 128
THRESHOLDS = (0.1, 0.2)
STRENGTHS = (0.0, 0.5, 1.0)
# What a hint is drawn from, and what is asked for along it: colors come from the words alone.
SHEET: tuple[tuple[Spec, str], ...] = (
    (OneShape("yellow", "star", "blue", "large"), "a pink star on a white background"),
    (ManyShapes("green", "heart", 3, "white"), "three red hearts on a yellow background"),
    (
        TwoShapes(("red", "square"), ("blue", "circle"), "left of", "yellow"),
        "a green square left of a red circle on a white background",
    ),
    (Scene("meadow", "day", "house and tree", "red"), "a blue house and a tree in the snow at sunset"),
    (Scene("sea", "day", "sailboat", "white"), "a sailboat with a red sail on the sea at night"),
)


class Engine:
    """The demo checkpoint and its ControlNet, drawing one picture at a time."""

    def __init__(self, base: Path, device: str = "auto"):
        self.folders = ModelFolders(base)
        self.checkpoint = open_checkpoint(self.folders, "patchbay-demo.safetensors")
        self.net = open_control_net(self.folders, "demo-canny.safetensors")
        self.residency = Residency(self.folders, choose_device(device))

    def draw(self, prompt: str, hint: Tensor, strength: float, *, seed: int, steps: int = 20) -> np.ndarray:
        """A picture (128, 128, 3) of a prompt along a hint (1, 128, 128, 3)."""
        control = Control(self.net, hint, strength)
        positive, negative = (self._encoded(text, control) for text in (prompt, ""))
        latent = Latent(torch.zeros(1, 4, SIZE // 8, SIZE // 8))
        drawn = sample(
            self.residency, self.checkpoint.model, positive, negative, latent,
            seed=seed, steps=steps, cfg=4.0, sampler_name="euler", scheduler="normal",
        )  # fmt: skip
        pixels = decode(self.residency, self.checkpoint.vae, drawn.samples)
        return (pixels[0].clamp(0, 1) * 255).round().byte().numpy()

    def _encoded(self, text: str, control: Control) -> Conditioning:
        encoded = encode(self.residency, self.folders, self.checkpoint.text, text, warn=print)
        return Conditioning(tuple(replace(entry, controls=(control,)) for entry in encoded.entries))


def edges(picture: np.ndarray) -> Tensor:
    """The edges (1, H, W, 3) of a picture (H, W, 3) of bytes."""
    return canny(torch.from_numpy(picture)[None].float() / 255, *THRESHOLDS)


def agreement(hint: Tensor, found: Tensor) -> float:
    """How well two drawings of edges (1, H, W, 3) agree: 0 … 1."""
    ours, theirs = hint[0, ..., 0].numpy() > 0, found[0, ..., 0].numpy() > 0
    if not ours.any() or not theirs.any():
        return float(ours.any() == theirs.any())
    near = np.ones((3, 3))
    kept = (ours & ndimage.binary_dilation(theirs, near)).sum() / ours.sum()
    asked = (theirs & ndimage.binary_dilation(ours, near)).sum() / theirs.sum()
    return float(2 * kept * asked / max(kept + asked, 1e-9))


def measure(engine: Engine, count: int, log: Callable[[str], None] = print) -> dict[str, dict[str, float]]:
    """For `count` pictures of each group kept from training: mean agreement by strength, and captions that are true."""
    random = np.random.default_rng(11)
    table: dict[str, dict[str, float]] = {}
    for name, specs in groups(count).items():
        hints = [edges(paint(spec, SIZE, random)) for spec in specs]
        captions = [caption(spec, random) for spec in specs]
        table[name] = {}
        for strength in STRENGTHS:
            pairs = enumerate(zip(captions, hints, strict=True))
            pictures = [engine.draw(text, hint, strength, seed=700 + seed) for seed, (text, hint) in pairs]
            found = [agreement(hint, edges(picture)) for hint, picture in zip(hints, pictures, strict=True)]
            table[name][f"agreement at {strength:g}"] = round(float(np.mean(found)), 3)
            table[name][f"captions true at {strength:g}"] = rates(specs, pictures)["all"]
        log(f"{name}: {table[name]}")
    table["all"] = {key: round(float(np.mean([row[key] for row in table.values()])), 3) for key in table[name]}
    return table


def make_sheet(engine: Engine, path: Path, *, seed: int = 20) -> None:
    """Rows of a hint and what comes of it by strength."""
    random, pictures, labels = np.random.default_rng(3), [], []
    for spec, prompt in SHEET:
        hint = edges(paint(spec, SIZE, random))
        pictures += [(hint[0] * 255).byte().numpy(), *(engine.draw(prompt, hint, s, seed=seed) for s in STRENGTHS)]
        labels += [prompt, *(f"strength {strength:g}" if strength else "without" for strength in STRENGTHS)]
    sheet(pictures, labels, 1 + len(STRENGTHS), path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, default=Path(), help="the directory that holds models/")
    parser.add_argument("--sheet", type=Path, default=Path("docs/images/demo_control.png"))
    parser.add_argument("--count", type=int, default=8, help="pictures of each group")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    engine = Engine(options.base, options.device)
    make_sheet(engine, options.sheet)
    print(json.dumps(measure(engine, options.count), indent=1))


if __name__ == "__main__":
    main()
