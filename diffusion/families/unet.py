"""The U-Net of latent diffusion (Rombach et al. 2022, arXiv:2112.10752) in the published single-file layout.

The layout numbers blocks in the order they run: ``input_blocks``, ``middle_block``, ``output_blocks``, where
diffusers nests them by resolution: ``down_blocks``, ``mid_block``, ``up_blocks``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffusion.errors import UnknownFamily
from diffusion.families.family import Table, count_numbered, divisor, with_bias
from diffusion.files.header import Header

if TYPE_CHECKING:
    from torch import nn

PREFIX = "model.diffusion_model."
RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
}
SHORTCUT = {"conv_shortcut": "skip_connection"}
TRANSFORMER_WITH_BIAS = (
    "norm1",
    "norm2",
    "norm3",
    "attn1.to_out.0",
    "attn2.to_out.0",
    "ff.net.0.proj",
    "ff.net.2",
)
TRANSFORMER_WITHOUT_BIAS = tuple(f"{attention}.to_{role}.weight" for attention in ("attn1", "attn2") for role in "qkv")


@dataclass(frozen=True, slots=True)
class UnetConfig:
    """The shape of a U-Net. Levels run from the finest resolution to the coarsest."""

    in_channels: int
    out_channels: int
    widths: tuple[int, ...]
    """Channels of each level."""
    layers: int
    """Residual blocks a level on the way down; one more on the way up."""
    depths: tuple[int, ...]
    """Transformer blocks after each residual block of a level; 0 where a level has no attention."""
    middle_depth: int
    context_width: int
    linear_projections: bool
    """Whether attention is entered through linear layers (from SD 2 on) rather than 1×1 convolutions."""
    heads: tuple[int, ...]
    """Attention heads of each level."""
    norm_groups: int


def infer_unet(header: Header) -> UnetConfig | None:
    """Read the configuration off the shapes.

    Shapes do not tell heads and norm groups: ``patchbay.unet.attention_heads`` and ``patchbay.unet.norm_groups`` in the
    metadata do, else 8 heads (or 64 channels each behind linear projections) and min(32, first width / 4) groups.
    """
    shapes = {name[len(PREFIX) :]: entry.shape for name, entry in header.tensors.items() if name.startswith(PREFIX)}
    if not {"input_blocks.0.0.weight", "out.2.weight"} <= shapes.keys():
        return None
    return unet_config(
        header,
        shapes,
        unet_levels(shapes),
        in_channels=shapes["input_blocks.0.0.weight"][1],
        out_channels=shapes["out.2.weight"][0],
        middle_depth=count_numbered(shapes, r"middle_block\.1\.transformer_blocks\.(\d+)\."),
    )


def unet_config(
    header: Header,
    shapes: Mapping[str, tuple[int, ...]],
    levels: Iterable[tuple[int, list[int]]],
    *,
    in_channels: int,
    out_channels: int,
    middle_depth: int,
) -> UnetConfig:
    """The configuration of a network whose weights have these shapes.

    ``levels`` are each level's width, and the transformer depth after each of its residual blocks.
    """
    levels = list(levels)
    widths = tuple(width for width, _ in levels)
    layers = {len(depths) for _, depths in levels}
    if len(layers) != 1 or any(len(set(depths)) != 1 for _, depths in levels):
        raise UnknownFamily(f"{header.name}: its network's levels differ in make-up, which no known family's do.")
    linear = any(len(shape) == 2 for name, shape in shapes.items() if name.endswith(".proj_in.weight"))
    if linear and "patchbay.unet.attention_heads" not in header.metadata:
        heads = tuple(max(1, width // 64) for width in widths)
    else:
        attending = [width for width, depths in levels if any(depths)]
        heads = (divisor(header, "unet.attention_heads", 8, attending),) * len(widths)
    return UnetConfig(
        in_channels=in_channels,
        out_channels=out_channels,
        widths=widths,
        layers=layers.pop(),
        depths=tuple(depths[0] for _, depths in levels),
        middle_depth=middle_depth,
        context_width=next((s[1] for name, s in shapes.items() if name.endswith("attn2.to_k.weight")), 0),
        linear_projections=linear,
        heads=heads,
        norm_groups=divisor(header, "unet.norm_groups", min(32, max(1, widths[0] // 4)), widths),
    )


def unet_levels(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[int, list[int]]]:
    """Each level's width, and the transformer depth after each of its residual blocks."""
    width = 0
    depths: list[int] = []
    for block in range(1, count_numbered(shapes, r"input_blocks\.(\d+)\.")):
        convolution = shapes.get(f"input_blocks.{block}.0.out_layers.3.weight")
        if convolution is None:  # a downsampler ends the level
            yield width, depths
            depths = []
        else:
            width = convolution[0]
            depths.append(count_numbered(shapes, rf"input_blocks\.{block}\.1\.transformer_blocks\.(\d+)\."))
    yield width, depths


def unet_table(header: Header, config: UnetConfig) -> Table:
    """Canonical name → name in the file, for every weight. Raises UnknownFamily for weights nobody knows."""
    last, layers = len(config.widths) - 1, config.layers
    table = encoder_table(PREFIX, config)
    table |= with_bias({"conv_norm_out": f"{PREFIX}out.0", "conv_out": f"{PREFIX}out.2"})
    for level, depth in enumerate(reversed(config.depths)):
        up = f"up_blocks.{level}"
        for layer in range(layers + 1):
            block = f"{PREFIX}output_blocks.{level * (layers + 1) + layer}"
            table |= _resnet(f"{up}.resnets.{layer}", f"{block}.0", shortcut=True)
            table |= _attention(f"{up}.attentions.{layer}", f"{block}.1", depth)
        if level < last:
            block = f"{PREFIX}output_blocks.{level * (layers + 1) + layers}"
            table |= with_bias({f"{up}.upsamplers.0.conv": f"{block}.{2 if depth else 1}.conv"})
    refuse_unknown(header, table, PREFIX)
    return table


def encoder_table(prefix: str, config: UnetConfig) -> Table:
    """Canonical name → name in the file, for the way down and the middle: the half that ControlNets are copies of."""
    modules = {
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "conv_in": "input_blocks.0.0",
    }
    table = with_bias({name: prefix + file for name, file in modules.items()})
    last, layers = len(config.widths) - 1, config.layers
    for level, depth in enumerate(config.depths):
        down = f"down_blocks.{level}"
        for layer in range(layers):
            block = f"{prefix}input_blocks.{1 + level * (layers + 1) + layer}"
            widens = layer == 0 and config.widths[level] != config.widths[max(0, level - 1)]
            table |= _resnet(f"{down}.resnets.{layer}", f"{block}.0", shortcut=widens)
            table |= _attention(f"{down}.attentions.{layer}", f"{block}.1", depth)
        if level < last:
            block = f"{prefix}input_blocks.{(level + 1) * (layers + 1)}"
            table |= with_bias({f"{down}.downsamplers.0.conv": f"{block}.0.op"})
    for place in (0, 1):
        table |= _resnet(f"mid_block.resnets.{place}", f"{prefix}middle_block.{2 * place}", shortcut=False)
    table |= _attention("mid_block.attentions.0", f"{prefix}middle_block.1", config.middle_depth)
    return table


def _resnet(name: str, file: str, shortcut: bool) -> Table:
    """A residual block; where its input is wider or narrower than its output, a 1×1 convolution bridges them."""
    parts = RESNET | (SHORTCUT if shortcut else {})
    return with_bias({f"{name}.{ours}": f"{file}.{theirs}" for ours, theirs in parts.items()})


def _attention(name: str, file: str, depth: int) -> Table:
    """Inside attention blocks both layouts use the same names."""
    if not depth:
        return {}
    modules = ["norm", "proj_in", "proj_out"]
    weights = []
    for block in range(depth):
        modules += [f"transformer_blocks.{block}.{part}" for part in TRANSFORMER_WITH_BIAS]
        weights += [f"transformer_blocks.{block}.{part}" for part in TRANSFORMER_WITHOUT_BIAS]
    table = with_bias({f"{name}.{module}": f"{file}.{module}" for module in modules})
    return table | {f"{name}.{weight}": f"{file}.{weight}" for weight in weights}


def refuse_unknown(header: Header, table: Table, prefix: str) -> None:
    """Raise UnknownFamily for weights under a prefix that are not in the table."""
    known = set(table.values())
    unknown = [name for name in header.tensors if name.startswith(prefix) and name not in known]
    if unknown:
        raise UnknownFamily(
            f"{header.name}: its network has {len(unknown)} weights that no Stable Diffusion 1.x model has, "
            f"for example {unknown[0]}: it is of another kind."
        )


def build_unet(config: UnetConfig) -> nn.Module:
    """Make the module: ``module(x, timestep, encoder_hidden_states=…).sample``."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    return UNet2DConditionModel(
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        block_out_channels=config.widths,
        layers_per_block=config.layers,
        down_block_types=down_block_types(config),
        up_block_types=tuple("CrossAttnUpBlock2D" if depth else "UpBlock2D" for depth in reversed(config.depths)),
        transformer_layers_per_block=transformer_depths(config),
        cross_attention_dim=config.context_width,
        use_linear_projection=config.linear_projections,
        attention_head_dim=config.heads,  # what diffusers calls a "dim" is their number
        norm_num_groups=config.norm_groups,
    )


def down_block_types(config: UnetConfig) -> tuple[str, ...]:
    """What diffusers calls each level's blocks on the way down."""
    return tuple("CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in config.depths)


def transformer_depths(config: UnetConfig) -> tuple[int, ...]:
    """Depths as diffusers wants them: it takes the middle block's from the last level's entry."""
    depths = [max(1, depth) for depth in config.depths]
    return (*depths[:-1], config.depths[-1] or config.middle_depth)
