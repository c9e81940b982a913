"""The autoencoder of latent diffusion (KL-f8), inside a checkpoint or in a file of its own.

Three layouts are read: ``first_stage_model.…`` inside checkpoints, the same without that prefix, and diffusers' own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffusion.errors import UnreadableFile
from diffusion.families.family import Table, count_numbered, divisor, with_bias
from diffusion.files.header import Header

if TYPE_CHECKING:
    from torch import nn

PREFIXES = ("first_stage_model.", "")
RESNET = ("norm1", "conv1", "norm2", "conv2")
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
OLD_ATTENTION = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
"""How diffusers called the same before version 0.18."""


@dataclass(frozen=True, slots=True)
class VaeConfig:
    """The shape of an autoencoder. Levels run from the finest resolution to the coarsest."""

    in_channels: int
    out_channels: int
    latent_channels: int
    widths: tuple[int, ...]
    layers: int
    norm_groups: int


def infer_vae(header: Header) -> VaeConfig | None:
    """Read the configuration off the shapes; ``patchbay.vae.norm_groups`` or min(32, first width / 4) groups."""
    place = _place(header)
    if place is None:
        return None
    prefix, level_pattern, resnet = place

    def shape(name: str) -> tuple[int, ...]:
        if prefix + name not in header.tensors:
            raise UnreadableFile(f"{header.name}: its VAE is incomplete: {prefix}{name} is missing.")
        return header.shape(prefix + name)

    levels = count_numbered(header.tensors, prefix + level_pattern)
    widths = tuple(shape(f"encoder.{resnet.format(level, 0)}.conv1.weight")[0] for level in range(levels))
    return VaeConfig(
        in_channels=shape("encoder.conv_in.weight")[1],
        out_channels=shape("decoder.conv_out.weight")[0],
        latent_channels=shape("decoder.conv_in.weight")[1],
        widths=widths,
        layers=count_numbered(header.tensors, prefix + r"encoder\." + resnet.format(0, r"(\d+)")),
        norm_groups=divisor(header, "vae.norm_groups", min(32, max(1, widths[0] // 4)), widths),
    )


def _place(header: Header) -> tuple[str, str, str] | None:
    """The prefix, and how levels and residual blocks are spelled."""
    for prefix in PREFIXES:
        if f"{prefix}encoder.down.0.block.0.conv1.weight" in header.tensors:
            return prefix, r"encoder\.down\.(\d+)\.", "down.{}.block.{}"
    if "encoder.down_blocks.0.resnets.0.conv1.weight" in header.tensors:
        return "", r"encoder\.down_blocks\.(\d+)\.", "down_blocks.{}.resnets.{}"
    return None


def vae_table(header: Header, config: VaeConfig) -> Table:
    """Canonical name → name in the file, for every weight."""
    modules = _published(header, config)
    if "encoder.down_blocks.0.resnets.0.conv1.weight" in header.tensors:
        return with_bias({name: _diffusers(header, name) for name in modules})
    place = _place(header)
    prefix = place[0] if place else PREFIXES[0]
    return with_bias({name: prefix + file for name, file in modules.items()})


def _published(header: Header, config: VaeConfig) -> dict[str, str]:
    """Module names, canonical → published layout. The decoder's levels are numbered backwards there."""
    modules = {
        f"{side}.{name}": f"{side}.{name}" for side in ("encoder", "decoder") for name in ("conv_in", "conv_out")
    }
    modules |= {"quant_conv": "quant_conv", "post_quant_conv": "post_quant_conv"}
    last = len(config.widths) - 1
    for level, width in enumerate(config.widths):
        before = config.widths[max(0, level - 1)]
        for layer in range(config.layers):
            name = f"encoder.down_blocks.{level}.resnets.{layer}"
            modules |= _resnet(name, f"encoder.down.{level}.block.{layer}", layer == 0 and before != width)
        if level < last:
            modules[f"encoder.down_blocks.{level}.downsamplers.0.conv"] = f"encoder.down.{level}.downsample.conv"
        before = config.widths[min(last, level + 1)]
        for layer in range(config.layers + 1):
            name = f"decoder.up_blocks.{last - level}.resnets.{layer}"
            modules |= _resnet(name, f"decoder.up.{level}.block.{layer}", layer == 0 and before != width)
        if level > 0:
            modules[f"decoder.up_blocks.{last - level}.upsamplers.0.conv"] = f"decoder.up.{level}.upsample.conv"
    for side in ("encoder", "decoder"):
        for place in (0, 1):
            modules |= _resnet(f"{side}.mid_block.resnets.{place}", f"{side}.mid.block_{place + 1}", False)
        for ours, theirs in ATTENTION.items():
            modules[f"{side}.mid_block.attentions.0.{ours}"] = f"{side}.mid.attn_1.{theirs}"
        modules[f"{side}.conv_norm_out"] = f"{side}.norm_out"
    return modules


def _resnet(name: str, file: str, shortcut: bool) -> dict[str, str]:
    modules = {f"{name}.{part}": f"{file}.{part}" for part in RESNET}
    return modules | ({f"{name}.conv_shortcut": f"{file}.nin_shortcut"} if shortcut else {})


def _diffusers(header: Header, name: str) -> str:
    """A canonical module name as this diffusers file spells it."""
    if f"{name}.weight" in header.tensors:
        return name
    for ours, old in OLD_ATTENTION.items():
        if name.endswith(f".attentions.0.{ours}"):
            return name.removesuffix(ours) + old
    return name


def build_vae(config: VaeConfig) -> nn.Module:
    """Make the module: diffusers' AutoencoderKL."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    levels = len(config.widths)
    return AutoencoderKL(
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        latent_channels=config.latent_channels,
        block_out_channels=config.widths,
        layers_per_block=config.layers,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        norm_num_groups=config.norm_groups,
    )
