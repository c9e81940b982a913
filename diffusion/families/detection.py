"""Which family a file belongs to, and what a file that belongs to none looks like."""

from __future__ import annotations

import re
from collections.abc import Callable

from diffusion.errors import UnknownFamily
from diffusion.families import sd15
from diffusion.families.family import Family
from diffusion.families.unet import PREFIX
from diffusion.files.header import Header

FAMILIES: tuple[Family, ...] = (sd15.FAMILY,)
"""First match wins."""

HYPERNETWORK = re.compile(r"\d+\.[01]\.linear")
LORA_STARTS = ("lora_unet_", "lora_te", "lora_transformer_", "lycoris_")
LORA_ENDINGS = (
    ".lora_up.weight",
    ".lora_down.weight",
    ".lora_A.weight",
    ".lora_B.weight",
    ".lora.up.weight",
    ".lora.down.weight",
    "_lora.up.weight",
    "_lora.down.weight",
    ".hada_w1_a",
    ".lokr_w1",
    ".lokr_w1_a",
    ".oft_blocks",
    ".dora_scale",
)


def family_named(name: str) -> Family:
    """The family a handle names."""
    return next(family for family in FAMILIES if family.id == name)


def detect(header: Header) -> Family:
    """The family of a checkpoint. Raises UnknownFamily, saying what the file looks like and where it belongs."""
    for family in FAMILIES:
        if family.recognizes(header):
            return family
    likeness = looks_like(header)
    known = " or ".join(family.title for family in FAMILIES)
    what = f"It looks like {likeness}" if likeness else "It looks like nothing known here"
    raise UnknownFamily(f"{header.name} is not a checkpoint of {known}. {what}.")


def looks_like(header: Header) -> str | None:
    """What a file is, in words and with a way out, where its names are characteristic."""
    return next((words for words, fits in LIKENESSES if fits(header)), None)


def _some(*starts: str) -> Callable[[Header], bool]:
    return lambda header: any(name.startswith(starts) for name in header.tensors)


def _ends(*ends: str) -> Callable[[Header], bool]:
    return lambda header: any(name.endswith(ends) for name in header.tensors)


def _context_of(width: int) -> Callable[[Header], bool]:
    return lambda header: any(
        name.startswith(PREFIX) and name.endswith("attn2.to_k.weight") and entry.shape[1:] == (width,)
        for name, entry in header.tensors.items()
    )


LIKENESSES: tuple[tuple[str, Callable[[Header], bool]], ...] = (
    ("a LoRA — use LoraLoader", lambda header: _some(*LORA_STARTS)(header) or _ends(*LORA_ENDINGS)(header)),
    ("a textual inversion — write embedding:name in a prompt", _some("string_to_param", "emb_params", "clip_l")),
    ("a ControlNet — use ControlNetLoader", _some("control_model.", "controlnet_", "input_hint_block.")),
    (
        "Stable Diffusion XL's refiner, which this version cannot run",
        lambda header: header.tensors.keys() >= {"conditioner.embedders.0.model.token_embedding.weight"},
    ),
    (
        "Stable Diffusion XL, which this version cannot run",
        _some("conditioner.embedders.1.", f"{PREFIX}label_emb."),
    ),
    ("Stable Diffusion 3, which this version cannot run", _some(f"{PREFIX}joint_blocks.", "joint_blocks.")),
    (
        "FLUX, which this version cannot run",
        _some(f"{PREFIX}double_blocks.", "double_blocks.", "single_transformer_blocks."),
    ),
    (
        "Stable Diffusion 2, which this version cannot run",
        lambda header: _some("cond_stage_model.model.")(header) or _context_of(sd15.CONTEXT_OF_SD2)(header),
    ),
    (
        "a network without text encoder and VAE in diffusers' layout, which this version cannot open",
        _some("down_blocks.", "transformer_blocks."),
    ),
    ("a VAE — use VAELoader", _some("encoder.down", "decoder.up", "first_stage_model.")),
    ("a text encoder alone", _some("text_model.", "cond_stage_model.", "model.embed_tokens.", "encoder.block.")),
    ("an upscaling network — use UpscaleModelLoader", _some("model.0.", "conv_first.", "layers.0.residual_group.")),
    (
        "a hypernetwork — use HypernetworkLoader",
        lambda header: any(HYPERNETWORK.match(name) for name in header.tensors),
    ),
)
"""Words → test; the first that fits is said."""
