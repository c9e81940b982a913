"""How exactly adapters are applied, as JSON: relative errors by kind, and by kind, family and dialect.

    python benchmarks/adapters.py [--markdown]

``trainers``: the change a file makes at strength 1 against the trainer's own forward (``tests/golden/adapters``).
``formulas``: the largest error at strengths −1, 0.5, 1 and 1.7 against the formula, computed densely in float64, with
the file's names written in each dialect. "refused": not applied, and said so. ``seconds``: matching 20 adapters of 256
layers each to a model, medians of five. ``--markdown`` prints the tables of ``docs/adapters.md``.
"""

import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from diffusion.adapters.adapter import apply_patches
from diffusion.adapters.patches import inspect_adapter, patches_for
from diffusion.errors import AdapterMismatch
from diffusion.families.family import Target
from diffusion.handle import Applied, Component
from tests.diffusion.adapters import dense
from tests.diffusion.adapters.loras import Loras

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "adapters"
STRENGTHS = (-1.0, 0.5, 1.0, 1.7)
SIZE = 32
QUERY = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
ORIGINAL = "input_blocks.4.1.transformer_blocks.0.attn1.to_q"
TEXT = "text_model.encoder.layers.0.self_attn.q_proj"
FUSED = "double_blocks.0.img_attn.qkv"


@dataclass(frozen=True)
class Layer:
    """A layer of a family: its canonical names (several for a fused one), its name in the checkpoint, its component."""

    modules: tuple[str, ...]
    file_name: str
    component: Component = "model"

    def targets(self, shape: tuple[int, ...]) -> dict[str, Target]:
        names = [f"{module}.weight" for module in self.modules]
        return {name: Target(name, shape, f"{self.file_name}.weight") for name in names}


UNET = Layer((QUERY,), f"model.diffusion_model.{ORIGINAL}")
CLIP = Layer((TEXT,), f"cond_stage_model.transformer.{TEXT}", "text")
CLIP_G = Layer((f"clip_g.{TEXT}",), "conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj", "text")
DIT = Layer(tuple(f"transformer_blocks.0.attn.to_{part}" for part in "qkv"), FUSED)
T5 = Layer(("t5xxl.encoder.block.0.layer.0.SelfAttention.q",), "encoder.block.0.layer.0.SelfAttention.q", "text")
# family: dialect → (layer, how the dialect spells it); a fused one is all of its parts
FAMILIES = {
    "Stable Diffusion 1.x and 2.x": {
        "kohya, LyCORIS": (UNET, "lora_unet_" + QUERY.replace(".", "_")),
        "kohya, original names": (UNET, "lora_unet_" + ORIGINAL.replace(".", "_")),
        "SimpleTuner": (UNET, "lycoris_" + QUERY.replace(".", "_")),
        "diffusers": (UNET, f"unet.{QUERY}"),
        "PEFT": (UNET, f"base_model.model.{QUERY}"),
        "original": (UNET, f"diffusion_model.{ORIGINAL}"),
        "kohya, text": (CLIP, "lora_te_" + TEXT.replace(".", "_")),
        "diffusers, text": (CLIP, f"text_encoder.{TEXT}"),
    },
    "SDXL": {
        "kohya": (UNET, "lora_unet_" + ORIGINAL.replace(".", "_")),
        "OneTrainer": (UNET, "lora_unet_" + QUERY.replace(".", "_")),
        "diffusers": (UNET, f"unet.{QUERY}"),
        "kohya, second text": (CLIP_G, "lora_te2_" + TEXT.replace(".", "_")),
        "diffusers, second text": (CLIP_G, f"text_encoder_2.{TEXT}"),
    },
    "FLUX.1": {
        "kohya, fused": (DIT, "lora_unet_" + FUSED.replace(".", "_")),
        "ai-toolkit, fused": (DIT, f"diffusion_model.{FUSED}"),
        "XLabs, fused": (DIT, "double_blocks.0.processor.qkv_lora1"),
        "OneTrainer": (DIT, "lora_transformer_transformer_blocks_0_attn_to_q"),
        "SimpleTuner": (DIT, "lycoris_transformer_blocks_0_attn_to_q"),
        "diffusers": (DIT, "transformer.transformer_blocks.0.attn.to_q"),
        "kohya, T5": (T5, "lora_te3_encoder_block_0_layer_0_SelfAttention_q"),
        "OneTrainer, T5": (T5, "lora_te2_encoder_block_0_layer_0_SelfAttention_q"),
    },
}

NORM, SHORTER = "difference of a norm", "DyLoRA, 2 ranks of 4"
OPTIONS = {SHORTER: (("rank", "2"),)}


def shorter(seed: int, shape: tuple[int, ...]) -> dense.Sample:
    """A LoRA's first two ranks, at the scale of all four."""
    whole = dense.lora(seed, shape)
    up, down = (whole.tensors[f"lora_{part}.weight"].double() for part in ("up", "down"))
    product = (up[:, :2].flatten(1) @ down[:2].flatten(1)).reshape(shape)
    return dense.Sample(whole.tensors, lambda weight, strength: strength * 0.75 * product)


KINDS = {**dense.KINDS, SHORTER: shorter, NORM: dense.norm, **dense.CONVOLUTIONAL}


def relative(got: Tensor, expected: Tensor) -> float:
    return float(torch.linalg.vector_norm(got - expected) / torch.linalg.vector_norm(expected))


def by_trainer(loras: Loras) -> dict[str, float]:
    """Errors against what trainers' own forward passes did."""
    truth = load_file(GOLDEN / "forward.safetensors")
    targets = {name: Target(name, tuple(value.shape), name) for name, value in truth.items() if "/" not in name}
    errors: dict[str, float] = {}
    for path in sorted(GOLDEN.glob("*.safetensors")):
        if path.stem == "forward":
            continue
        with safe_open(path, "pt") as file:
            config = (file.metadata() or {}).get("config")
        name = loras.write(f"{path.stem}/adapter_model", load_file(path), config=json.loads(config) if config else None)
        ref, _ = inspect_adapter(loras.folders, name, {"model": targets})
        patches = patches_for(loras.folders, (Applied(ref, 1.0),), "model", targets)
        errors[path.stem] = max(
            relative(apply_patches(truth[weight], on_weight) - truth[weight], truth[f"{path.stem}/{weight}"])
            for weight, on_weight in patches.items()
        )
    return errors


def by_formula(loras: Loras) -> dict[str, dict[str, dict[str, float | str]]]:
    """Family → kind → dialect → the larger error of a linear layer and, in a U-Net, of a convolution."""
    table: dict[str, dict[str, dict[str, float | str]]] = {}
    for family, dialects in FAMILIES.items():
        for kind in KINDS:
            for dialect, (layer, stem) in dialects.items():
                shapes: list[tuple[int, ...]] = [] if kind in dense.CONVOLUTIONAL else [(SIZE, SIZE)]
                if layer is UNET:
                    shapes.append((SIZE, SIZE, 3, 3))
                if kind == NORM:
                    shapes = [] if "fused" in dialect else [(SIZE,)]
                errors = [formula_error(loras, kind, layer, stem, shape, "fused" in dialect) for shape in shapes]
                if errors:
                    worst = max((error for error in errors if error is not None), default=0.0)
                    cells = table.setdefault(family, {}).setdefault(kind, {})
                    cells[dialect] = "refused" if None in errors else worst
    return table


def formula_error(
    loras: Loras, kind: str, layer: Layer, stem: str, shape: tuple[int, ...], fused: bool
) -> float | None:
    """The largest error over all strengths; None where the file is refused."""
    parts = len(layer.modules) if fused else 1
    sample, options = KINDS[kind](11, (shape[0] * parts, *shape[1:])), OPTIONS.get(kind, ())
    targets = layer.targets(shape)
    name = loras.write("formula", {f"{stem}.{suffix}": tensor for suffix, tensor in sample.tensors.items()})
    try:
        ref, _ = inspect_adapter(loras.folders, name, {layer.component: targets})
    except AdapterMismatch:
        return None
    weights = {name: loras.rand(*shape) for name in list(targets)[:parts]}
    whole = torch.cat(list(weights.values())).double()
    worst = 0.0
    for strength in STRENGTHS:
        patches = patches_for(loras.folders, (Applied(ref, strength, options),), layer.component, targets)
        changed = torch.cat([apply_patches(weight, patches[name]) for name, weight in weights.items()]).double()
        worst = max(worst, relative(changed - whole, sample.change(whole, strength)))
    return worst


def matching_seconds(loras: Loras, adapters: int = 20, layers: int = 256) -> float:
    """Time to find the weights of a stack of adapters on a model, files in memory."""
    modules = [f"down_blocks.{n}.attentions.0.transformer_blocks.0.attn1.to_q" for n in range(layers)]
    targets = {f"{module}.weight": Target(f"{module}.weight", (8, 8), f"{module}.weight") for module in modules}
    stack = []
    for n in range(adapters):
        stems = [f"lora_unet_{module.replace('.', '_')}" for module in modules]
        tensors = {f"{stem}.lora_up.weight": (8, 1) for stem in stems} | {
            f"{s}.lora_down.weight": (1, 8) for s in stems
        }
        stack.append(Applied(loras.folders.ref("loras", loras.write(f"stack/{n}", tensors)), 0.1))
    times = []
    for _ in range(6):
        start = time.process_time()
        patches_for(loras.folders, tuple(stack), "model", targets)
        times.append(time.process_time() - start)
    return statistics.median(times[1:])


def markdown(result: dict) -> str:
    lines = ["### Against the trainers", "", "| file | error |", "|---|---|"]
    lines += [f"| {case} | {error:.0e} |" for case, error in result["trainers"].items()]
    for family, kinds in result["formulas"].items():
        dialects = list(FAMILIES[family])
        lines += [
            "",
            f"### {family}",
            "",
            "| kind | " + " | ".join(dialects) + " |",
            "|---" * (len(dialects) + 1) + "|",
        ]
        for kind, errors in kinds.items():
            cells = [errors.get(dialect, "–") for dialect in dialects]
            lines.append(f"| {kind} | " + " | ".join(f"{c:.0e}" if isinstance(c, float) else c for c in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as base:
        loras = Loras(Path(base))
        result = {
            "trainers": by_trainer(loras),
            "formulas": by_formula(loras),
            "seconds": {"match 20 adapters of 256 layers": matching_seconds(loras)},
        }
    print(markdown(result) if "--markdown" in sys.argv[1:] else json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
