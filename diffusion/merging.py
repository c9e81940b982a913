"""Merged models, as expressions: whose weights, in which proportions. Nothing is computed until one is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from diffusion.errors import DiffusionError
from diffusion.handle import Blend, ModelHandle, TextHandle

Handle = TypeVar("Handle", ModelHandle, TextHandle)
REST = ""
BLOCKS: Mapping[str, str] = {
    "conv_in.": "input",
    "down_blocks.": "input",
    "mid_block.": "middle",
    "up_blocks.": "out",
    "conv_norm_out.": "out",
    "conv_out.": "out",
    REST: "input",
}
"""How weights of a U-Net begin → the part of it they lie in. The embedding of time goes with the input blocks."""


def weighted(one: Handle, other: Handle, ratio: float) -> Handle:
    """``ratio`` of the first and the rest of the second: ratio · A + (1 − ratio) · B."""
    return blended((one, other), {REST: _shares(ratio)})


def added(one: Handle, other: Handle) -> Handle:
    """A + B. With a difference for B this is "add difference"."""
    return blended((one, other), {REST: (1.0, 1.0)})


def subtracted(one: Handle, other: Handle, multiplier: float) -> Handle:
    """multiplier · (A − B)."""
    return blended((one, other), {REST: (multiplier, -multiplier)})


def weighted_by_block(one: ModelHandle, other: ModelHandle, ratios: Mapping[str, float]) -> ModelHandle:
    """As `weighted`, with a ratio for each of the parts ``input``, ``middle`` and ``out`` of a U-Net."""
    return blended((one, other), {prefix: _shares(ratios[part]) for prefix, part in BLOCKS.items()})


def _shares(ratio: float) -> tuple[float, float]:
    """A ratio and what is left to 1, both as the decimal numbers a user writes."""
    return ratio, float(1 - Decimal(repr(ratio)))


def blended(handles: tuple[Handle, Handle], ratios: Mapping[str, tuple[float, ...]]) -> Handle:
    """The first handle with a weighted sum of both's weights. Raises DiffusionError for models of two families."""
    first, other = handles
    if first.family != other.family:
        raise DiffusionError(
            f"A model of the family {first.family} cannot be merged with one of {other.family}: their weights differ."
        )
    return replace(first, weights=Blend((first.weights, other.weights), tuple(ratios.items())))
