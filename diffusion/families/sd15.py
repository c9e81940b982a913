"""Stable Diffusion 1.x: SD 1.4, SD 1.5 and what was trained from them, and small models of the same layout."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from diffusion.errors import UnreadableFile
from diffusion.families.autoencoder import build_vae, infer_vae, vae_table
from diffusion.families.clip import PREFIXES as TEXT_PREFIXES
from diffusion.families.clip import build_clip, clip_parameter_name, clip_table, infer_clip
from diffusion.families.control_net import build_control, control_table, infer_control
from diffusion.families.family import Family, Part
from diffusion.families.unet import PREFIX, build_unet, infer_unet, unet_table
from diffusion.files.header import Header
from diffusion.handle import ModelSampling
from diffusion.latent import SD15_SPACE, LatentSpace

COLORS = 3
CONTEXT_OF_SD2 = 1024
"""The width of the text embeddings SD 2 was trained with; all SD 1 files have 768, small ones less."""


def recognizes(header: Header) -> bool:
    """Whether a network without label embedding is fed by a CLIP in Hugging Face's names, or by few enough numbers."""
    tensors = header.tensors
    if f"{PREFIX}input_blocks.0.0.weight" not in tensors or f"{PREFIX}label_emb.0.0.weight" in tensors:
        return False
    if any(f"{prefix}embeddings.token_embedding.weight" in tensors for prefix in TEXT_PREFIXES):
        return True
    widths = (entry.shape[1] for name, entry in tensors.items() if name.endswith("attn2.to_k.weight"))
    return not any(name.startswith("cond_stage_model.model.") for name in tensors) and next(widths, 0) < CONTEXT_OF_SD2


def latent_space(header: Header) -> LatentSpace:
    """The family's latent space, with what the metadata says otherwise.

    Keys: ``patchbay.latent_scale``, ``patchbay.latent_shift``, ``patchbay.latent_preview`` (JSON: rows of 3 numbers).
    """
    space, told = SD15_SPACE, header.metadata
    try:
        if "patchbay.latent_scale" in told:
            space = replace(space, scale=_finite(told["patchbay.latent_scale"]))
            if not space.scale:
                raise ValueError("a scale of 0 leaves nothing")
        if "patchbay.latent_shift" in told:
            space = replace(space, shift=_finite(told["patchbay.latent_shift"]))
        if "patchbay.latent_preview" in told:
            rows = json.loads(told["patchbay.latent_preview"])
            space = replace(space, preview=tuple(tuple(_finite(number) for number in row) for row in rows))
            if len(space.preview) != space.channels + 1 or any(len(row) != COLORS for row in space.preview):
                raise ValueError(f"the preview takes {space.channels + 1} rows of {COLORS} numbers")
    except (TypeError, ValueError) as error:
        raise UnreadableFile(f"{header.name}: its metadata on its latents cannot be read: {error}.") from error
    return space


def _finite(number: str | float) -> float:
    if not math.isfinite(value := float(number)):
        raise ValueError(f"{number} is not finite")
    return value


def sampling(header: Header) -> ModelSampling:
    """What the network predicts: ``patchbay.prediction`` (eps, v, x0 or lcm); without it the noise."""
    match header.metadata.get("patchbay.prediction"):
        case None:
            return ModelSampling()
        case "eps" | "v" | "x0" | "lcm" as prediction:
            return ModelSampling(prediction=prediction)
        case other:
            raise UnreadableFile(
                f"{header.name}: its metadata says patchbay.prediction = {other!r}; it is one of eps, v, x0 and lcm."
            )


FAMILY = Family(
    id="sd15",
    title="Stable Diffusion 1.x",
    recognizes=recognizes,
    space=latent_space,
    sampling=sampling,
    parts={
        "model": Part("network", "Choose a whole checkpoint.", infer_unet, unet_table, build_unet),
        "text": Part(
            "text encoder",
            "Take the text encoder from another checkpoint.",
            infer_clip,
            clip_table,
            build_clip,
            clip_parameter_name,
        ),
        "vae": Part("VAE", "Load one with VAELoader.", infer_vae, vae_table, build_vae),
        "control": Part("ControlNet", "Choose a ControlNet file.", infer_control, control_table, build_control),
    },
)
