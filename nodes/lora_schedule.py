"""Nodes that put adapters on a model for some of the steps, or for one prompt alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from diffusion.conditioning import Conditioning
from diffusion.handle import ModelHandle
from diffusion.runtime import Runtime
from graph.declare import Resource, Text, Tip, node
from graph.reporting import Note, Warn
from nodes.lora import LoraName, load_lora_on_model

Schedule = Annotated[
    str,
    Text(),
    Tip(
        "From which percent of the sampler's steps on which strength: '0%: 1, 50%: 0.3' is 1 in the first half and 0.3 "
        "in the second. It begins at 0%; a single strength holds throughout."
    ),
]
Between = Annotated[
    Literal["hold", "glide"], Tip("Hold keeps each strength until the next; glide moves evenly from one to the next.")
]


def schedule_fault(written: Mapping[str, Any], sockets: Mapping[str, str]) -> str:
    """For the check of a node: what is wrong with the schedule that is written into it."""
    from diffusion.adapters.schedule import keyframes
    from diffusion.errors import AdapterMismatch

    schedule = written.get("schedule")
    try:
        keyframes(schedule) if isinstance(schedule, str) else None
    except AdapterMismatch as error:
        return str(error)
    return ""


@node("LoraLoaderScheduled", category="loaders", title="Load LoRA (Schedule)", validate=schedule_fault)
def load_scheduled_lora(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    note: Resource[Note],
    model: ModelHandle,
    lora_name: LoraName,
    schedule: Schedule = "0%: 1, 50%: 0",
    between: Between = "hold",
) -> ModelHandle:
    """Put a LoRA on a model with a strength that changes while a picture is made.

    The text encoder is left alone: prompts are encoded before the first step. Its strength is that of a LoraLoader.
    """
    from diffusion.adapters.schedule import constant, keyframes
    from diffusion.adapters.stacking import scheduled

    frames = keyframes(schedule)
    if (strength := constant(frames)) is not None:
        return load_lora_on_model(runtime, warn, note, model, lora_name, strength)
    gliding = between == "glide"
    lora = scheduled(
        runtime.residency, runtime.folders, lora_name, model, frames, gliding=gliding, note=note, warn=warn
    )
    return replace(model, scheduled=(*model.scheduled, lora))


@node("ConditioningLora", category="conditioning", title="Conditioning (LoRA)", validate=schedule_fault)
def put_lora_on_conditioning(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    note: Resource[Note],
    conditioning: Conditioning,
    model: Annotated[ModelHandle, Tip("What the prompt will be sampled with: the LoRA is held against it.")],
    lora_name: LoraName,
    schedule: Schedule = "0%: 1",
    between: Between = "hold",
) -> Conditioning:
    """Let a LoRA act on the model for one prompt alone: one area with it, another without, or not on the negative.

    The words are not encoded anew: give a LoRA's text encoder to the node that encodes them.
    """
    from diffusion.adapters.schedule import keyframes
    from diffusion.adapters.stacking import scheduled

    frames, gliding = keyframes(schedule), between == "glide"
    lora = scheduled(
        runtime.residency, runtime.folders, lora_name, model, frames, gliding=gliding, note=note, warn=warn
    )
    return conditioning.map(lambda entry: replace(entry, adapters=(*entry.adapters, lora)))
