"""Nodes that say by what a model is guided."""

from typing import Annotated, Literal

from diffusion.conditioning import Conditioning
from diffusion.guidance import ClassifierFree, Guider, PerpendicularNegative, TwoScales
from diffusion.handle import ModelHandle
from graph.declare import Range, Tip, node
from nodes.sampling import Guidance

NegativeScale = Annotated[float, Range(0, 100, step=0.01), Tip("How strongly to avoid the negative prompt.")]


@node("BasicGuider", category="sampling/custom_sampling/guiders")
def follow(model: ModelHandle, conditioning: Conditioning) -> Guider:
    """Follow one prompt as it is, without a negative."""
    return Guider(model, (conditioning,), ClassifierFree())


@node("CFGGuider", category="sampling/custom_sampling/guiders")
def guide(model: ModelHandle, positive: Conditioning, negative: Conditioning, cfg: Guidance = 8.0) -> Guider:
    """Go away from the negative prompt and toward the positive one."""
    return Guider(model, (positive, negative), ClassifierFree(cfg))


@node("DualCFGGuider", category="sampling/custom_sampling/guiders")
def guide_by_two(
    model: ModelHandle,
    cond1: Conditioning,
    cond2: Conditioning,
    negative: Conditioning,
    cfg_conds: Annotated[float, Range(0, 100, step=0.1), Tip("How far to go from cond2 toward cond1.")] = 8.0,
    cfg_cond2_negative: Annotated[float, Range(0, 100, step=0.1), Tip("How far to go away from the negative.")] = 8.0,
    style: Annotated[
        Literal["regular", "nested"], Tip("Nested goes toward cond1 first, and then from the negative toward that.")
    ] = "regular",
) -> Guider:
    """Two prompts with a scale each: cond1 says everything, cond2 a part of it, such as the picture to edit."""
    return Guider(model, (cond1, negative, cond2), TwoScales(cfg_conds, cfg_cond2_negative, style == "nested"))


@node("PerpNegGuider", category="sampling/custom_sampling/guiders")
def guide_across(
    model: ModelHandle,
    positive: Conditioning,
    negative: Conditioning,
    empty_conditioning: Conditioning,
    cfg: Guidance = 8.0,
    neg_scale: NegativeScale = 1.0,
) -> Guider:
    """Avoid of the negative prompt only what is not asked for by the positive one."""
    return Guider(model, (positive, negative, empty_conditioning), PerpendicularNegative(cfg, neg_scale))
