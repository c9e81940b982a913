"""Nodes that change how a model's answers are read and guided, and leave the network alone."""

from dataclasses import replace
from typing import Annotated, Literal

from diffusion.conditioning import Conditioning
from diffusion.guidance import PerpendicularGuidance, RescaleGuidance
from diffusion.handle import ModelHandle
from graph.declare import Range, Tip, node
from nodes.guidance import NegativeScale


@node("ModelSamplingDiscrete", category="advanced/model")
def read_as(
    model: ModelHandle,
    sampling: Annotated[
        Literal["eps", "v_prediction", "lcm", "x0"],
        Tip("What the network was trained to answer: noise, velocity, as a consistency model, or the picture."),
    ] = "eps",
    zsnr: Annotated[bool, Tip("The model was trained up to pure noise (zero terminal SNR).")] = False,
) -> ModelHandle:
    """Say what a model was trained to predict, where its file does not, or a LoRA (such as LCM's) changed it."""
    prediction: Literal["eps", "v", "lcm", "x0"] = "v" if sampling == "v_prediction" else sampling
    return replace(model, sampling=replace(model.sampling, prediction=prediction, zero_terminal_snr=zsnr))


@node("RescaleCFG", category="advanced/model", title="Rescale CFG")
def rescale_guidance(
    model: ModelHandle,
    multiplier: Annotated[
        float, Range(0, 1, step=0.01), Tip("How much of the contrast that guidance adds is taken back.")
    ] = 0.7,
) -> ModelHandle:
    """Keep strong guidance from burning a picture out. Of several changes of a model's guidance the last counts."""
    return replace(model, guidance=(*model.guidance, RescaleGuidance(multiplier)))


@node("PerpNeg", category="advanced/model", title="Perp-Neg (prefer PerpNegGuider)")
def guide_across(model: ModelHandle, empty_conditioning: Conditioning, neg_scale: NegativeScale = 1.0) -> ModelHandle:
    """Let a model avoid of the negative prompt only what is not asked for by the positive one."""
    return replace(model, guidance=(*model.guidance, PerpendicularGuidance(empty_conditioning, neg_scale)))
