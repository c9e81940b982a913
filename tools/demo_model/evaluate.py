"""Measures the shipped files: `python -m tools.demo_model.evaluate --out docs/demo_model.json`.

Captions are of specs kept from training; pictures are made with 20 Euler steps at a guidance of 4 and judged by the
pixel rules of `detector` and `scene_detector`, which are measured first, on true pictures and on decoded ones.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from tools.demo_model.adapter_kinds import detach, load_adapter
from tools.demo_model.detector import judge_shapes
from tools.demo_model.hypernetwork import Hypernetwork
from tools.demo_model.palette import TEAL
from tools.demo_model.pictures import paint
from tools.demo_model.sampler import DemoModel
from tools.demo_model.scene_detector import judge_scene
from tools.demo_model.specs import (
    HELD_OUT,
    Scene,
    Spec,
    caption,
    draw_count,
    draw_one,
    draw_pair,
    draw_scene,
    is_held_out,
)
from tools.demo_model.styles import STYLES
from tools.demo_model.train_vae import peak_signal_to_noise

STRENGTHS = (-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
STYLE_PROMPTS = (
    "a red circle on a white background",
    "a large yellow star on a blue background",
    "a green heart on a pink background",
    "a blue square left of an orange circle on a white background",
    "a white house on a meadow on a sunny day",
    "a tree on a meadow by day",
    "a sailboat with a red sail on the sea on a sunny day",
    "mountains in the snow by day",
)
CHECKPOINT = "checkpoints/patchbay-demo.safetensors"
# Which style each file teaches.
STYLE_FILES = {
    "loras/neon.safetensors": "neon",
    "loras/pixel.safetensors": "pixel",
    "loras/neon-loha.safetensors": "neon",
    "loras/neon-lokr.safetensors": "neon",
    "loras/neon-dora.safetensors": "neon",
    "hypernetworks/watercolor.pt": "watercolor",
}
Verdict = dict[str, bool]


def groups(count: int) -> dict[str, list[Spec]]:
    """Specs kept from training, by what they try."""
    random = np.random.default_rng(2026)
    return {
        "one shape, seen pairs": _held_out(draw_one, count, random),
        "one shape, pairs never shown": [draw_one(random, pairs=HELD_OUT) for _ in range(count)],
        "two shapes": _held_out(draw_pair, count, random),
        "several shapes": _held_out(draw_count, count, random),
        "scene": _held_out(draw_scene, count, random),
    }


def judge(spec: Spec, picture: np.ndarray) -> Verdict:
    return judge_scene(spec, picture) if isinstance(spec, Scene) else judge_shapes(spec, picture)


def rates(specs: Sequence[Spec], pictures: Iterable[np.ndarray]) -> dict[str, float]:
    """Share of pictures on which each thing the caption says is true, and on which all are."""
    verdicts = [judge(spec, picture) for spec, picture in zip(specs, pictures, strict=True)]
    table = {"all": float(np.mean([all(verdict.values()) for verdict in verdicts]))}
    return table | {name: float(np.mean([verdict[name] for verdict in verdicts])) for name in verdicts[0]}


def measure_prompts(model: DemoModel, count: int) -> dict[str, dict[str, float]]:
    random = np.random.default_rng(7)
    table = {}
    for name, specs in groups(count).items():
        captions = [caption(spec, random) for spec in specs]
        table[name] = {"pictures": len(specs)} | rates(specs, model.sample(captions, seed=10_000, batch=64))
    return table


@torch.no_grad()
def measure_detector_and_vae(model: DemoModel, count: int) -> dict[str, dict[str, float]]:
    """The judge on true pictures and on what the autoencoder makes of them, and the autoencoder itself."""
    random = np.random.default_rng(99)
    table, everything = {}, []
    for name, specs in groups(count).items():
        pictures = np.stack([paint(spec, 128, random) for spec in specs])
        decoded = model.decode(model.encode_pictures(pictures))
        table[name] = {
            "judge right on true pictures": rates(specs, pictures)["all"],
            "judge right on decoded pictures": rates(specs, decoded)["all"],
            "decibels": round(peak_signal_to_noise(model.vae, pictures, device=model.device), 2),
        }
        everything.append(pictures)
    decibels = peak_signal_to_noise(model.vae, np.concatenate(everything), device=model.device)
    return table | {"all": {"decibels": round(decibels, 2)}}


def measure_styles(model: DemoModel, models: Path) -> dict[str, dict]:
    """Each style's score by strength, its rank correlation, and whether strength 0 is the base bit for bit."""
    base = model.sample(STYLE_PROMPTS, seed=500)
    table = {}
    for file, style in STYLE_FILES.items():
        set_strength, take_off = put_on(model, models / file)
        scores = []
        for strength in STRENGTHS:
            set_strength(strength)
            pictures = base_again = model.sample(STYLE_PROMPTS, seed=500)
            scores.append(float(np.mean([STYLES[style][1](picture) for picture in pictures])))
            if strength == 0:
                same = bool((base_again == base).all())
        take_off()
        table[file] = {
            "style": style,
            "scores": {str(strength): round(score, 4) for strength, score in zip(STRENGTHS, scores, strict=True)},
            "spearman": round(float(spearmanr(STRENGTHS, scores).statistic), 3),
            "strength 0 is the base": same,
        }
    table["stacked"] = measure_stack(model, models, base)
    return table


def measure_stack(model: DemoModel, models: Path, base: np.ndarray) -> dict[str, float]:
    """How much of each style is left when two are put on together: 1 is as much as it has alone."""
    alone = {}
    for name in ("neon", "pixel"):
        _, take_off = put_on(model, models / f"loras/{name}.safetensors")
        alone[name] = model.sample(STYLE_PROMPTS, seed=500)
        take_off()
    takes_off = [put_on(model, models / f"loras/{name}.safetensors")[1] for name in ("neon", "pixel")]
    both = model.sample(STYLE_PROMPTS, seed=500)
    for take_off in takes_off:
        take_off()
    table = {}
    for name in ("neon", "pixel"):
        score = STYLES[name][1]
        of = {
            kind: np.mean([score(p) for p in pictures])
            for kind, pictures in (("base", base), ("alone", alone[name]), ("both", both))
        }
        table[f"{name} kept"] = round(float((of["both"] - of["base"]) / (of["alone"] - of["base"])), 3)
    return table


def measure_objects(model: DemoModel, models: Path, count: int) -> dict[str, float]:
    """How often new words bring their thing, and how near the taught color comes."""
    lands, times = ("on a meadow", "in the snow", "in the desert"), ("on a sunny day", "at sunset", "at night")
    places = [f"{land} {time}" for land in lands for time in times]
    table = {}
    for name, file, word, sees in (
        ("rocket", "loras/rocket.safetensors", "a rocket", sees_rocket),
        ("castle", "loras/castle-full.safetensors", "a sks house", sees_castle),
    ):
        captions = [f"{word} {places[index % 9]}" for index in range(count)]
        table[f"{name}, without"] = float(np.mean([sees(p) for p in model.sample(captions, seed=900)]))
        _, take_off = put_on(model, models / file)
        table[f"{name}, with"] = float(np.mean([sees(p) for p in model.sample(captions, seed=900)]))
        take_off()
    from safetensors.torch import load_file

    model.embeddings = {"<teal>": load_file(models / "embeddings/teal.safetensors")["emb_params"][0].float()}
    pictures = model.sample(["a large <teal> circle on a white background"] * 8, seed=900)
    model.embeddings = {}
    center = np.median(pictures[:, 56:72, 56:72].reshape(-1, 3), axis=0)
    table["teal, color"] = [int(channel) for channel in center]
    table["teal, distance of 255"] = round(float(np.linalg.norm(center - np.array(TEAL))), 1)
    return table


def sees_rocket(picture: np.ndarray) -> bool:
    """A white hull with a red nose in the upper middle."""
    middle = picture[20:100, 40:88].astype(int)
    white = (middle.min(-1) > 170) & (middle.max(-1) - middle.min(-1) < 50)
    red = (middle[..., 0] > 150) & (middle[..., 1] < 100) & (middle[..., 2] < 100)
    return bool(white.mean() > 0.08 and red.mean() > 0.03)


def sees_castle(picture: np.ndarray) -> bool:
    """Gray walls under blue roofs on both sides."""
    halves = picture[30:100, 20:64].astype(int), picture[30:100, 64:108].astype(int)

    def stands(half: np.ndarray) -> bool:
        gray = (half.max(-1) - half.min(-1) < 45) & (half.max(-1) > 70) & (half.max(-1) < 190)
        blue = (half[..., 2] - half[..., 0] > 60) & (half[..., 2] - half[..., 1] > 50) & (half[..., 0] < 90)
        return gray.mean() > 0.12 and blue.mean() > 0.015

    return all(stands(half) for half in halves)


def put_on(model: DemoModel, path: Path) -> tuple[Callable[[float], None], Callable[[], None]]:
    """Put an adapter on a model; returns a way to set its strength and a way to take it off."""
    if path.suffix == ".pt":
        network = Hypernetwork.load(path).to(model.device)
        handles = network.install(model.unet)
        return lambda strength: setattr(network, "strength", strength), lambda: [handle.remove() for handle in handles]
    changes = load_adapter(path, model.unet, model.text)

    def set_strength(strength: float) -> None:
        for change in changes.values():
            change.strength = strength

    return set_strength, lambda: detach(model.unet, model.text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, default=Path("docs/demo_model.json"))
    parser.add_argument("--count", type=int, default=64, help="pictures of each group")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--without-adapters", action="store_true")
    options = parser.parse_args()
    model = DemoModel(options.models / CHECKPOINT, device=options.device)
    table: dict = {"prompts": measure_prompts(model, options.count)}
    print(json.dumps(table, indent=1), flush=True)
    table["judge and autoencoder"] = measure_detector_and_vae(model, options.count)
    if not options.without_adapters:
        table["styles"] = measure_styles(model, options.models)
        table["objects"] = measure_objects(model, options.models, 36)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(table, indent=1) + "\n")
    print(json.dumps(table, indent=1))


def _held_out(draw: Callable[[np.random.Generator], Spec], count: int, random: np.random.Generator) -> list[Spec]:
    specs: list[Spec] = []
    while len(specs) < count:
        if is_held_out(spec := draw(random)):
            specs.append(spec)
    return specs


if __name__ == "__main__":
    main()
