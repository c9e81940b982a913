"""Names of weights: diffusers' modules on one side, the published single-file layout on the other.

The layout numbers blocks in the order they run and the decoder's levels backwards; see the CompVis repositories
`latent-diffusion` and `stable-diffusion` (modules `openaimodel.py` and `model.py`) for its origin.
"""

import re
from collections.abc import Iterable, Mapping

from torch import Tensor

UNET_PREFIX = "model.diffusion_model."
VAE_PREFIX = "first_stage_model."
CONTROL_PREFIX = "control_model."
TEXT_PREFIX = "cond_stage_model.transformer.text_model."

_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_UNET_EDGES = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def unet_names(names: Iterable[str], *, depth: int) -> dict[str, str]:
    """diffusers name → published name, for a U-Net of `depth` residual blocks a level."""
    names = list(names)
    attentive = {name.split(".")[1] for name in names if re.match(r"up_blocks\.\d+\.attentions", name)}
    return {name: UNET_PREFIX + _unet_name(name, depth, attentive) for name in names}


def control_names(names: Iterable[str], *, depth: int) -> dict[str, str]:
    """diffusers name → published name, for a ControlNet of `depth` residual blocks a level."""
    names = list(names)
    last = sum(bool(re.match(r"controlnet_cond_embedding\.blocks\.\d+\.weight", name)) for name in names)
    return {name: CONTROL_PREFIX + (_hint_name(name, last) or _unet_name(name, depth, set())) for name in names}


def _hint_name(name: str, last: int) -> str | None:
    """The name of a weight that a U-Net has not; activations without weights take the odd numbers."""
    module, leaf = name.rsplit(".", 1)
    if module == "controlnet_mid_block":
        return f"middle_block_out.0.{leaf}"
    if match := re.fullmatch(r"controlnet_down_blocks\.(\d+)", module):
        return f"zero_convs.{match[1]}.0.{leaf}"
    if match := re.fullmatch(r"controlnet_cond_embedding\.(?:blocks\.(\d+)|conv_(in|out))", module):
        place = int(match[1]) + 1 if match[1] else {"in": 0, "out": last + 1}[match[2]]
        return f"input_hint_block.{2 * place}.{leaf}"
    return None


def _unet_name(name: str, depth: int, attentive: set[str]) -> str:
    module, leaf = name.rsplit(".", 1)
    if module in _UNET_EDGES:
        return f"{_UNET_EDGES[module]}.{leaf}"
    if match := re.match(r"mid_block\.(resnets|attentions)\.(\d)\.(.+)", name):
        kind, place, rest = match.groups()
        return f"middle_block.{2 * int(place)}.{_resnet(rest)}" if kind == "resnets" else f"middle_block.1.{rest}"
    side, level, kind, layer, rest = re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.+)", name).groups()
    first = int(level) * (depth + 1)
    block = f"input_blocks.{1 + first + int(layer)}" if side == "down" else f"output_blocks.{first + int(layer)}"
    match kind:
        case "resnets":
            return f"{block}.0.{_resnet(rest)}"
        case "attentions":
            return f"{block}.1.{rest}"
        case "downsamplers":
            return f"input_blocks.{first + depth + 1}.0.op.{leaf}"
        case _:
            return f"output_blocks.{first + depth}.{2 if level in attentive else 1}.conv.{leaf}"


def _resnet(rest: str) -> str:
    part, leaf = rest.split(".")
    return f"{_UNET_RESNET[part]}.{leaf}"


def vae_names(names: Iterable[str]) -> dict[str, str]:
    """diffusers name → published name, for the autoencoder."""
    names = list(names)
    last = max(int(name.split(".")[2]) for name in names if name.startswith("decoder.up_blocks."))
    return {name: VAE_PREFIX + _vae_name(name, last) for name in names}


def _vae_name(name: str, last: int) -> str:
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets", lambda m: f"up.{last - int(m[1])}.block", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{last - int(m[1])}.upsample", name)
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    if found := re.match(r"(.+)\.mid_block\.attentions\.0\.(.+)\.(weight|bias)", name):
        side, part, leaf = found.groups()
        name = f"{side}.mid.attn_1.{_VAE_ATTENTION[part]}.{leaf}"
    return name


def text_names(names: Iterable[str]) -> dict[str, str]:
    """transformers name → published name; stored position numbers are no weights."""
    return {name: TEXT_PREFIX + name.removeprefix("text_model.") for name in names if "position_ids" not in name}


def published(weights: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    """Weights under their published names; the autoencoder's attention is made of 1x1 convolutions there."""
    renamed = {}
    for name, file_name in names.items():
        weight = weights[name]
        is_convolution = ".attn_1." in file_name and weight.ndim == 2
        renamed[file_name] = weight[:, :, None, None] if is_convolution else weight
    return renamed


def unpublished(tensors: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    """The way back: published tensors under the modules' names."""
    return {
        name: tensors[file][:, :, 0, 0] if ".attn_1." in file and tensors[file].ndim == 4 else tensors[file]
        for name, file in names.items()
    }
