"""Nodes that steer a picture by another one: its edges, its depth, its colors."""

from dataclasses import replace
from typing import Annotated, NamedTuple

from diffusion.conditioning import WHOLE, Conditioning, Span
from diffusion.control import Control
from diffusion.handle import ControlHandle, VaeHandle
from diffusion.image import Image
from diffusion.runtime import Runtime
from graph.declare import Choice, Range, Resource, Tip, node

Strength = Annotated[float, Range(0, 10, step=0.01), Tip("1 as trained, 0 not at all.")]
Moment = Annotated[float, Range(0, 1, step=0.001), Tip("0 is the start of sampling, 1 its end.")]
Unused = Annotated[VaeHandle | None, Tip("ControlNets for Stable Diffusion 1.x need none.")]


@node("ControlNetLoader", category="loaders", title="Load ControlNet Model")
def load_control_net(
    runtime: Resource[Runtime],
    control_net_name: Annotated[str, Choice("controlnet"), Tip("A file of the folder `controlnet`.")],
) -> ControlHandle:
    """Open a ControlNet: canny, depth, tile and their like, for Stable Diffusion 1.x."""
    from diffusion.control import open_control_net

    return open_control_net(runtime.folders, control_net_name)


@node("ControlNetApply", category="conditioning", title="Apply ControlNet (Both Prompts)")
def apply_control_net(
    conditioning: Conditioning, control_net: ControlHandle, image: Image, strength: Strength = 1.0
) -> Conditioning:
    """Steer by a picture. The negative prompt is steered as well, unless it has a ControlNet of its own."""
    return _steered(conditioning, Control(control_net, image.pixels[..., :3], strength, shared=True))


class Prompts(NamedTuple):
    """Both prompts."""

    positive: Conditioning
    negative: Conditioning


@node("ControlNetApplyAdvanced", category="conditioning", title="Apply ControlNet")
def apply_control_net_to_both(
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlHandle,
    image: Image,
    strength: Strength = 1.0,
    start_percent: Moment = WHOLE.start,
    end_percent: Moment = WHOLE.end,
    vae: Unused = None,
) -> Prompts:
    """Steer by a picture during a part of sampling. Several ControlNets stack, each with a part of its own."""
    control = Control(control_net, image.pixels[..., :3], strength, Span(start_percent, end_percent))
    return Prompts(_steered(positive, control), _steered(negative, control))


def _steered(conditioning: Conditioning, control: Control) -> Conditioning:
    if not control.strength:
        return conditioning
    return conditioning.map(lambda entry: replace(entry, controls=(*entry.controls, control)))
