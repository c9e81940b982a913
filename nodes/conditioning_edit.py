"""Nodes that join prompts and bound them in place and time."""

from dataclasses import replace
from typing import Annotated, Literal

from diffusion.conditioning import Area, Conditioning, Span
from diffusion.image import Mask
from graph.declare import Range, Resource, Tip, node
from graph.reporting import Warn

Strength = Annotated[float, Range(0, 10, step=0.01), Tip("How much it counts beside other prompts at the same place.")]
Length = Annotated[int, Range(64, 16384, step=8), Tip("In pixels.")]
Place = Annotated[int, Range(0, 16384, step=8), Tip("In pixels, from the left or the top.")]
Fraction = Annotated[float, Range(0, 1, step=0.01), Tip("As a part of the picture's side.")]
Moment = Annotated[float, Range(0, 1, step=0.001), Tip("0 is the start of sampling, 1 its end.")]


@node("ConditioningCombine", category="conditioning", title="Conditioning (Combine)")
def combine(conditioning_1: Conditioning, conditioning_2: Conditioning) -> Conditioning:
    """Let two prompts act at once: the sampler takes the mean of what it predicts for each."""
    return Conditioning(conditioning_1.entries + conditioning_2.entries)


@node("ConditioningConcat", category="conditioning", title="Conditioning (Concat)")
def concat(warn: Resource[Warn], conditioning_to: Conditioning, conditioning_from: Conditioning) -> Conditioning:
    """Put the tokens of one prompt behind those of another, as if they were one longer prompt."""
    from diffusion.entries import concatenated

    _warn_of_several(warn, conditioning_from)
    return concatenated(conditioning_to, conditioning_from)


@node("ConditioningAverage", category="conditioning", title="Conditioning (Average)")
def average(
    warn: Resource[Warn],
    conditioning_to: Conditioning,
    conditioning_from: Conditioning,
    conditioning_to_strength: Annotated[float, Range(0, 1, step=0.01), Tip("1 is all of 'conditioning_to'.")] = 1.0,
) -> Conditioning:
    """Mix two prompts token by token."""
    from diffusion.entries import averaged

    _warn_of_several(warn, conditioning_from)
    return averaged(conditioning_to, conditioning_from, conditioning_to_strength)


@node("ConditioningZeroOut", category="conditioning", title="Conditioning (Zero Out)")
def zero_out(conditioning: Conditioning) -> Conditioning:
    """Replace a prompt by zeros: not an empty prompt, but none."""
    from diffusion.entries import zeroed

    return zeroed(conditioning)


@node("ConditioningSetArea", category="conditioning", title="Conditioning (Set Area)")
def set_area(
    conditioning: Conditioning,
    width: Length = 64,
    height: Length = 64,
    x: Place = 0,
    y: Place = 0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt act inside a rectangle alone."""
    area = Area(x, y, width, height)
    return conditioning.map(lambda entry: replace(entry, area=area, strength=strength, mask_bounds=False))


@node("ConditioningSetAreaPercentage", category="conditioning", title="Conditioning (Set Area with Percentage)")
def set_area_percentage(
    conditioning: Conditioning,
    width: Fraction = 1.0,
    height: Fraction = 1.0,
    x: Fraction = 0.0,
    y: Fraction = 0.0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt act inside a rectangle alone, given as parts of the picture."""
    area = Area(x, y, width, height, relative=True)
    return conditioning.map(lambda entry: replace(entry, area=area, strength=strength, mask_bounds=False))


@node("ConditioningSetAreaStrength", category="conditioning", title="Conditioning (Set Area Strength)")
def set_area_strength(conditioning: Conditioning, strength: Strength = 1.0) -> Conditioning:
    """Say how much a prompt counts beside others."""
    return conditioning.map(lambda entry: replace(entry, strength=strength))


@node("ConditioningSetMask", category="conditioning", title="Conditioning (Set Mask)")
def set_mask(
    conditioning: Conditioning,
    mask: Mask,
    strength: Strength = 1.0,
    set_cond_area: Annotated[
        Literal["default", "mask bounds"], Tip("Mask bounds runs the model on the rectangle around the mask alone.")
    ] = "default",
) -> Conditioning:
    """Let a prompt act where a mask is 1."""
    bounds = set_cond_area == "mask bounds"
    return conditioning.map(lambda entry: replace(entry, mask=mask.values, mask_strength=strength, mask_bounds=bounds))


@node("ConditioningSetTimestepRange", category="conditioning", title="Conditioning (Set Timestep Range)")
def set_timestep_range(conditioning: Conditioning, start: Moment = 0.0, end: Moment = 1.0) -> Conditioning:
    """Let a prompt act during a part of sampling alone."""
    return conditioning.map(lambda entry: replace(entry, span=Span(start, end)))


def _warn_of_several(warn: Warn, conditioning: Conditioning) -> None:
    if len(conditioning.entries) > 1:
        warn(
            f"'conditioning_from' holds {len(conditioning.entries)} prompts that act at once; only the first is used. "
            "Combine after this node rather than before it."
        )
