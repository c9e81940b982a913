"""ESRGAN (Wang et al. 2018, arXiv:1809.00219) and Real-ESRGAN (2021, arXiv:2107.10833): residual dense blocks.

Files come in three spellings: of ESRGAN's first release, of its second, and of BasicSR, whose names are used here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Shapes = Mapping[str, tuple[int, ...]]
CONVOLUTIONS = 5  # in a dense block
DENSE_BLOCKS = 3  # in a residual one
SHARE = 0.2  # of a residual that is added
COLORS = 3
SECOND = {
    r"RRDB_trunk\.(\d+)\.RDB(\d)\.conv(\d)": r"body.\1.rdb\2.conv\3",
    r"trunk_conv": "conv_body",
    r"upconv(\d)": r"conv_up\1",
    r"HRconv": "conv_hr",
}
FIRST = {
    r"model\.0": "conv_first",
    r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0": r"body.\1.rdb\2.conv\3",
    r"model\.1\.sub\.\d+": "conv_body",
}


@dataclass(frozen=True, slots=True)
class RrdbConfig:
    """The shape of a network of residual dense blocks."""

    width: int
    growth: int
    """Channels that each convolution of a dense block adds."""
    blocks: int
    folded: int
    """How many pixels a side are folded into channels before the network."""
    doublings: int

    @property
    def scale(self) -> int:
        return 2**self.doublings // self.folded


def basicsr_names(names: list[str]) -> dict[str, str]:
    """BasicSR's name → name in the file, for files of any of the three spellings."""
    table = {**SECOND, **FIRST, **_last_layers(names)}
    found = {}
    for name in names:
        stem, _, role = name.rpartition(".")
        for pattern, replacement in table.items():
            if re.fullmatch(pattern, stem):
                stem = re.sub(pattern, replacement, stem)
                break
        found[f"{stem}.{role}"] = name
    return found


def _last_layers(names: list[str]) -> dict[str, str]:
    """The first release numbers the layers after the blocks, with upsampling and activations between them."""
    places = sorted({int(found[1]) for name in names if (found := re.fullmatch(r"model\.(\d+)\.weight", name))} - {0})
    stems = [*(f"conv_up{number + 1}" for number in range(len(places) - 2)), "conv_hr", "conv_last"]
    return {rf"model\.{place}": stem for place, stem in zip(places, stems, strict=False)}


def infer_rrdb(shapes: Shapes) -> RrdbConfig | None:
    """Read the configuration off shapes under BasicSR's names; None where it is no such network."""
    if not shapes.keys() >= {"conv_first.weight", "body.0.rdb1.conv1.weight", "conv_last.weight"}:
        return None
    width, channels = shapes["conv_first.weight"][:2]
    blocks = len({found[1] for name in shapes if (found := re.match(r"body\.(\d+)\.", name))})
    folded = isqrt(channels // COLORS)
    doublings = sum(bool(re.fullmatch(r"conv_up\d\.weight", name)) for name in shapes)
    if channels != COLORS * folded**2 or shapes["conv_last.weight"][0] != COLORS or 2**doublings % max(1, folded):
        return None
    return RrdbConfig(width, shapes["body.0.rdb1.conv1.weight"][0], blocks, folded, doublings)


class DenseBlock(nn.Module):
    """Convolutions that each see what all before them made."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        for number in range(CONVOLUTIONS):
            out = width if number == CONVOLUTIONS - 1 else growth
            self.add_module(f"conv{number + 1}", nn.Conv2d(width + number * growth, out, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        *inner, last = self.children()
        for convolution in inner:
            seen = torch.cat([seen, _rectified(convolution(seen))], dim=1)
        return x + SHARE * last(seen)


class ResidualBlock(nn.Module):
    """Dense blocks in a row, of which a share is added."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        for number in range(DENSE_BLOCKS):
            self.add_module(f"rdb{number + 1}", DenseBlock(width, growth))

    def forward(self, x: Tensor) -> Tensor:
        inner = x
        for block in self.children():
            inner = block(inner)
        return x + SHARE * inner


class RrdbNet(nn.Module):
    """(B, 3, H, W) in 0…1 → (B, 3, s H, s W)."""

    def __init__(self, config: RrdbConfig) -> None:
        super().__init__()
        self.folded, width = config.folded, config.width
        self.conv_first = nn.Conv2d(COLORS * config.folded**2, width, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(width, config.growth) for _ in range(config.blocks)))
        self.conv_body = nn.Conv2d(width, width, 3, padding=1)
        self.doublings = [f"conv_up{number + 1}" for number in range(config.doublings)]
        for name in self.doublings:
            self.add_module(name, nn.Conv2d(width, width, 3, padding=1))
        self.conv_hr = nn.Conv2d(width, width, 3, padding=1)
        self.conv_last = nn.Conv2d(width, COLORS, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        x = F.pad(x, (0, -width % self.folded, 0, -height % self.folded), mode="replicate")
        x = self.conv_first(F.pixel_unshuffle(x, self.folded))
        x = x + self.conv_body(self.body(x))
        for name in self.doublings:
            x = _rectified(self.get_submodule(name)(F.interpolate(x, scale_factor=2, mode="nearest")))
        x = self.conv_last(_rectified(self.conv_hr(x)))
        scale = 2 ** len(self.doublings) // self.folded
        return x[..., : height * scale, : width * scale]


def _rectified(x: Tensor) -> Tensor:
    return F.leaky_relu(x, SHARE)
