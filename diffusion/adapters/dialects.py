"""How trainers spell the weights of a model.

A trainer's name for a module has three parts that vary on their own: whose names it uses (the diffusers library's or
the original checkpoint's), what it writes before them, and whether dots become underscores. Underscores cannot be
read back (``to_q``, ``transformer_blocks``), so nothing is parsed: every module of the loaded model is spelled in
every way, and a file's names are looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from diffusion.adapters.adapter import Shape
from diffusion.families.family import Target
from diffusion.handle import Component

WEIGHT, BIAS = ".weight", ".bias"
SWAPPED = "final_layer.adaLN_modulation.1.weight", "norm_out.linear.weight"
"""Of FLUX.1 and SD 3: the checkpoint has the shift's rows first, canonically the scale's come first."""
Targets = Mapping[str, Target]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows ``start`` to ``stop`` of a matrix of ``total`` rows."""

    start: int
    stop: int
    total: int


@dataclass(frozen=True, slots=True)
class Place:
    """A module of the model that a name in an adapter file stands for."""

    component: Component
    module: str
    """Canonical, without ``.weight``."""
    part: Rows | None = None
    """The file speaks of a larger matrix (fused queries, keys and values), of which this weight is these rows."""
    swapped: bool = False
    """The file speaks of the two halves of its rows in the other order."""

    def seen(self, shape: Shape) -> Shape:
        """The shape of what the file speaks of, where the weight has this one."""
        return shape if self.part is None else (self.part.total, *shape[1:])


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a name stands for, one module or the parts of a fused one, and who writes it so."""

    dialect: str
    places: tuple[Place, ...]


CHECKPOINT_PREFIXES = ("model.diffusion_model.", "cond_stage_model.transformer.", "cond_stage_model.model.")
TEXT_PREFIXES = ("lora_te", "lycoris_te", "text_encoder", "clip_l.", "clip_g.", "t5xxl.", "cond_stage_model.")

# prefix → dialect, for names with dots and for names flattened with underscores
MODEL_DOTTED = {
    "unet.": "diffusers",
    "transformer.": "diffusers",
    "unet.base_model.model.": "PEFT",
    "transformer.base_model.model.": "PEFT",
    "base_model.model.": "PEFT",
    "diffusion_model.": "original",
    "model.diffusion_model.": "original",
    "": "bare",
}
MODEL_FLAT = {
    "lora_unet_": "kohya",
    "lora_transformer_": "OneTrainer",
    "lycoris_": "SimpleTuner",
    "lora_prior_unet_": "kohya",
    "oft_unet_": "kohya",
}


@dataclass(frozen=True, slots=True)
class Encoder:
    """A text encoder of a family and what trainers write before its names."""

    prefix: str
    """What its canonical names start with; a family with one encoder needs nothing."""
    dotted: Mapping[str, str]
    flat: Mapping[str, str]


ENCODERS = (
    Encoder(
        "clip_l.",
        {
            "text_encoder.": "diffusers",
            "text_encoder.base_model.model.": "PEFT",
            "text_encoders.clip_l.transformer.": "original",
            "clip_l.": "original",
        },
        {"lora_te1_": "kohya", "lora_te_": "kohya", "lycoris_te1_": "SimpleTuner"},
    ),
    Encoder(
        "clip_g.",
        {
            "text_encoder_2.": "diffusers",
            "text_encoder_2.base_model.model.": "PEFT",
            "text_encoders.clip_g.transformer.": "original",
            "clip_g.": "original",
        },
        {"lora_te2_": "kohya", "lycoris_te2_": "SimpleTuner"},
    ),
    Encoder(
        "t5xxl.",
        {
            "text_encoder_2.": "diffusers",
            "text_encoder_3.": "diffusers",
            "text_encoders.t5xxl.transformer.": "original",
            "t5xxl.": "original",
        },
        {"lora_te3_": "kohya", "lora_te2_": "OneTrainer"},
    ),
    Encoder(
        "",
        {
            "text_encoder.": "diffusers",
            "text_encoder.base_model.model.": "PEFT",
            "base_model.model.": "PEFT",
            "text_encoders.clip_l.transformer.": "original",
            "cond_stage_model.transformer.": "original",
            "": "bare",
        },
        {"lora_te_": "kohya", "lora_te1_": "kohya", "lycoris_te_": "SimpleTuner"},
    ),
)


def component_of(stem: str) -> Component:
    """What a name that stands for nothing in the model speaks of, by what it starts with."""
    return "text" if stem.startswith(TEXT_PREFIXES) else "model"


def spellings(targets: Mapping[Component, Targets]) -> dict[str, Spelling]:
    """Every way to spell every module of the model. Where two would collide, the first one's owner wins.

    Weights that share a name in the checkpoint file are rows of one matrix there, in their order.
    """
    found: dict[str, Spelling] = {}
    for component, weights in targets.items():
        spell, spell_original = (_text, _text_original) if component == "text" else (_model, _model_original)
        stored: dict[str, list[tuple[str, int]]] = {}
        for name, target in weights.items():
            if name.endswith(WEIGHT):
                module = name.removesuffix(WEIGHT)
                stored.setdefault(target.file_name.removesuffix(WEIGHT), []).append((module, target.shape[0]))
                swapped = target.file_name.endswith(SWAPPED[0]) and name.endswith(SWAPPED[1])
                for stem, dialect in spell(module):
                    found.setdefault(stem, Spelling(dialect, (Place(component, module, swapped=swapped),)))
        for file_name, modules in stored.items():
            places = _places(component, modules)
            for stem, dialect in spell_original(file_name):
                found.setdefault(stem, Spelling(dialect, places))
            for stem, length in _xlabs(file_name) if component == "model" else ():
                found.setdefault(stem, Spelling("XLabs", _places(component, modules[:length])))
    return found


def _places(component: Component, modules: Sequence[tuple[str, int]]) -> tuple[Place, ...]:
    if len(modules) == 1:
        return (Place(component, modules[0][0]),)
    stops = list(accumulate(rows for _, rows in modules))
    return tuple(
        Place(component, module, Rows(stop - rows, stop, stops[-1]))
        for (module, rows), stop in zip(modules, stops, strict=True)
    )


def _model(module: str) -> Iterator[tuple[str, str]]:
    yield from _write([module, *_shortened(module)], MODEL_DOTTED, MODEL_FLAT)
    yield from _write(_processor_forms(module), MODEL_DOTTED, {})


def _model_original(file_name: str) -> Iterator[tuple[str, str]]:
    name = _without_prefix(file_name)
    return _write([name, *_shortened(name)], MODEL_DOTTED, MODEL_FLAT)


def _text(module: str) -> Iterator[tuple[str, str]]:
    encoder = next(encoder for encoder in ENCODERS if module.startswith(encoder.prefix))
    inner = module.removeprefix(encoder.prefix)
    # One library's major version dropped this level from the module paths that its trainers write.
    return _write([inner, inner.removeprefix("text_model.")], encoder.dotted, encoder.flat)


def _text_original(file_name: str) -> Iterator[tuple[str, str]]:
    yield file_name, "original"
    yield _without_prefix(file_name), "original"


def _without_prefix(file_name: str) -> str:
    prefix = next((prefix for prefix in CHECKPOINT_PREFIXES if file_name.startswith(prefix)), "")
    return file_name.removeprefix(prefix)


def _write(names: Iterable[str], dotted: Mapping[str, str], flat: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in names:
        for prefix, dialect in dotted.items():
            yield prefix + name, dialect
        for prefix, dialect in flat.items():
            yield prefix + name.replace(".", "_"), dialect


def _shortened(name: str) -> list[str]:
    """``to_out`` for ``to_out.0``: the projection is the only thing in its list that has weights."""
    return [name.removesuffix(".0")] if name.endswith("to_out.0") else []


def _processor_forms(name: str) -> list[str]:
    """``attn1.processor.to_q_lora``: how diffusers wrote attention layers before it used PEFT."""
    parent, _, leaf = name.removesuffix(".0").rpartition(".")
    if leaf not in ("to_q", "to_k", "to_v", "to_out"):
        return []
    return [f"{parent}.processor.{leaf}_lora", f"{parent}.processor.{leaf}"]


def _xlabs(file_name: str) -> Iterator[tuple[str, int]]:
    """XLabs' names for FLUX.1's layers, and how many of the fused parts they mean; theirs leave the MLP out."""
    block, _, layer = _without_prefix(file_name).rpartition(".")
    if layer in ("linear1", "linear2") and "single_blocks" in block:
        yield f"{block}.processor.{'qkv' if layer == 'linear1' else 'proj'}_lora", 3
    stream = {"img_attn": 1, "txt_attn": 2}.get(block.rpartition(".")[2])
    if stream and layer in ("qkv", "proj"):
        yield f"{block.rpartition('.')[0]}.processor.{layer}_lora{stream}", 3
