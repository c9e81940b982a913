"""ControlNets (Zhang et al. 2023, arXiv:2302.05543): the way down and the middle of a network once more.

A small stack of convolutions brings the hint picture to the latent's size, and a 1×1 convolution for each of the
copy's outputs ("zero convolutions", after how training starts) says what to add to the network's own.

Two layouts are about: the published one, with or without ``control_model.`` before its names, and diffusers'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffusion.families.family import Table, count_numbered, with_bias
from diffusion.families.unet import (
    UnetConfig,
    down_block_types,
    encoder_table,
    refuse_unknown,
    transformer_depths,
    unet_config,
    unet_levels,
)
from diffusion.files.header import Header

if TYPE_CHECKING:
    from torch import nn

PREFIX = "control_model."
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class ControlConfig:
    """The shape of a ControlNet."""

    unet: UnetConfig
    """The network it is half a copy of."""
    hint_channels: int
    hint_widths: tuple[int, ...]
    """Channels of the hint's convolutions at each size, from the picture's on; each size is half of the one before."""


def infer_control(header: Header) -> ControlConfig | None:
    """Read the configuration off the shapes. What these do not tell is as in `infer_unet`."""
    prefix = _prefix(header)
    shapes = {name[len(prefix) :]: entry.shape for name, entry in header.tensors.items() if name.startswith(prefix)}
    if "controlnet_cond_embedding.conv_in.weight" in shapes:
        hint, conv_in, middle = _nested_hint(shapes), "conv_in.weight", r"mid_block\.attentions\.0"
        levels = _nested_levels(shapes)
    elif shapes.keys() >= {"input_hint_block.0.weight", "zero_convs.0.0.weight"}:
        hint, conv_in, middle = _numbered_hint(shapes), "input_blocks.0.0.weight", r"middle_block\.1"
        levels = unet_levels(shapes)
    else:
        return None
    channels = shapes.get(conv_in, (0, 0))[1]
    unet = unet_config(
        header,
        shapes,
        levels,
        in_channels=channels,
        out_channels=channels,
        middle_depth=count_numbered(shapes, rf"{middle}\.transformer_blocks\.(\d+)\."),
    )
    return ControlConfig(unet, hint[0][1], (hint[0][0], *(shape[0] for shape in hint[2::2])))


def control_table(header: Header, config: ControlConfig) -> Table:
    """Canonical name → name in the file, for every weight. Raises UnknownFamily for weights nobody knows."""
    prefix, unet = _prefix(header), config.unet
    steps = 2 * (len(config.hint_widths) - 1)
    hint = {"conv_in": 0, "conv_out": 2 + 2 * steps} | {f"blocks.{i}": 2 + 2 * i for i in range(steps)}
    outputs = len(unet.widths) * (unet.layers + 1)  # one before all levels, and none for a last downsampling
    modules = {f"controlnet_cond_embedding.{name}": f"input_hint_block.{place}" for name, place in hint.items()}
    modules |= {f"controlnet_down_blocks.{i}": f"zero_convs.{i}.0" for i in range(outputs)}
    modules["controlnet_mid_block"] = "middle_block_out.0"
    table = encoder_table(prefix, unet) | with_bias({name: prefix + file for name, file in modules.items()})
    if "controlnet_cond_embedding.conv_in.weight" in header.tensors:
        table = {name: name for name in table}
    refuse_unknown(header, table, prefix)
    return table


def build_control(config: ControlConfig) -> nn.Module:
    """Make the module: ``module(x, timestep, embeds, controlnet_cond=…, return_dict=False)``, down and middle."""
    from diffusers.models.controlnets.controlnet import ControlNetModel

    unet = config.unet
    return ControlNetModel(
        in_channels=unet.in_channels,
        conditioning_channels=config.hint_channels,
        down_block_types=down_block_types(unet),
        block_out_channels=unet.widths,
        layers_per_block=unet.layers,
        norm_num_groups=unet.norm_groups,
        cross_attention_dim=unet.context_width,
        transformer_layers_per_block=transformer_depths(unet),
        attention_head_dim=unet.heads,
        use_linear_projection=unet.linear_projections,
        conditioning_embedding_out_channels=config.hint_widths,
    )


def _prefix(header: Header) -> str:
    """What stands before the names: nothing in diffusers' layout and in some files of the published one."""
    bare = {"controlnet_cond_embedding.conv_in.weight", "zero_convs.0.0.weight"}
    return "" if bare & header.tensors.keys() else PREFIX


def _numbered_hint(shapes: Shapes) -> list[tuple[int, ...]]:
    """The shapes of the hint's convolutions in the order they run; the last one's is left out."""
    last = count_numbered(shapes, r"input_hint_block\.(\d+)\.") - 1
    return [shapes.get(f"input_hint_block.{place}.weight", (0, 0)) for place in range(0, last, 2)]


def _nested_hint(shapes: Shapes) -> list[tuple[int, ...]]:
    count = count_numbered(shapes, r"controlnet_cond_embedding\.blocks\.(\d+)\.")
    names = ["conv_in", *(f"blocks.{i}" for i in range(count))]
    return [shapes.get(f"controlnet_cond_embedding.{name}.weight", (0, 0)) for name in names]


def _nested_levels(shapes: Shapes) -> Iterator[tuple[int, list[int]]]:
    """Each level's width, and the transformer depth after each of its residual blocks."""
    for level in range(count_numbered(shapes, r"down_blocks\.(\d+)\.")):
        block = rf"down_blocks\.{level}"
        layers = range(count_numbered(shapes, rf"{block}\.resnets\.(\d+)\."))
        depths = [count_numbered(shapes, rf"{block}\.attentions\.{i}\.transformer_blocks\.(\d+)\.") for i in layers]
        yield shapes.get(f"down_blocks.{level}.resnets.0.conv2.weight", (0,))[0], depths
