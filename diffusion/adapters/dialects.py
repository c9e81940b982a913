"""How trainers spell the weights of a model.

A trainer's name for a module has three parts that vary on their own: whose names it uses (the diffusers library's or
the original checkpoint's), what it writes before them, and whether dots become underscores. Underscores cannot be
read back (``to_q``, ``transformer_blocks``), so nothing is parsed: every module of the loaded model is spelled in
every way, and a file's names are looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from diffusion.adapters.adapter import Shape
from diffusion.families.family import Target
from diffusion.handle import Component

WEIGHT, BIAS = ".weight", ".bias"


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
    """The file speaks of a larger matrix, of which this weight is these rows."""
    region: Rows | None = None
    """The file speaks of these rows of this weight only."""

    def seen(self, shape: Shape) -> Shape:
        """The shape of what the file speaks of, where the weight has this one."""
        if self.part is not None:
            return (self.part.total, *shape[1:])
        if self.region is not None:
            return (self.region.stop - self.region.start, *shape[1:])
        return shape


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a name stands for, usually one module, and who writes it so."""

    dialect: str
    places: tuple[Place, ...]


CHECKPOINT_PREFIXES = ("model.diffusion_model.", "cond_stage_model.transformer.", "cond_stage_model.model.")

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


def spellings(targets: Mapping[Component, Targets]) -> dict[str, Spelling]:
    """Every way to spell every module of the model. Where two would collide, the canonical name's owner wins."""
    found: dict[str, Spelling] = {}
    for component, weights in targets.items():
        spell = _spell_text if component == "text" else _spell_model
        for name, target in weights.items():
            if name.endswith(WEIGHT):
                place = Place(component, name.removesuffix(WEIGHT))
                for stem, dialect in spell(place.module, target.file_name.removesuffix(WEIGHT)):
                    found.setdefault(stem, Spelling(dialect, (place,)))
    return found


def _spell_model(module: str, file_name: str) -> Iterator[tuple[str, str]]:
    names = [module, *_shortened(module)]
    for prefix in CHECKPOINT_PREFIXES:
        if file_name.startswith(prefix):
            original = file_name.removeprefix(prefix)
            names += [original, *_shortened(original)]
    yield from _write(names, MODEL_DOTTED, MODEL_FLAT)
    processors = [form for name in names for form in _processor_forms(name)]
    yield from _write(processors, MODEL_DOTTED, {})


def _spell_text(module: str, file_name: str) -> Iterator[tuple[str, str]]:
    encoder = next(encoder for encoder in ENCODERS if module.startswith(encoder.prefix))
    inner = module.removeprefix(encoder.prefix)
    # One library's major version dropped this level from the module paths that its trainers write.
    yield from _write([inner, inner.removeprefix("text_model.")], encoder.dotted, encoder.flat)
    yield file_name, "original"


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
