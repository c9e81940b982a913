"""Nodes that put adapters on models. They clone references; nothing is computed until a model is used."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from diffusion.handle import Applied, Component, FileRef, ModelHandle, TextHandle
from diffusion.runtime import Runtime
from graph.declare import Choice, Range, Resource, Tip, node
from graph.reporting import Warn

LoraName = Annotated[str, Choice("loras"), Tip("A file of the folder `loras`: LoRA or one of its relatives.")]
Strength = Annotated[float, Range(-100, 100, step=0.01), Tip("1 as trained, 0 not at all, less than 0 the opposite.")]


class Adapted(NamedTuple):
    """Both references, with the adapter on top."""

    model: ModelHandle
    clip: TextHandle


@node("LoraLoader", category="loaders", title="Load LoRA")
def load_lora(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    model: ModelHandle,
    clip: TextHandle,
    lora_name: LoraName,
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
) -> Adapted:
    """Put a LoRA on a model and its text encoder. Several stack, in any order, and the originals stay as they were."""
    file = _look_into(runtime, warn, lora_name, {"model": model, "text": clip})
    return Adapted(model.clone(Applied(file, strength_model)), clip.clone(Applied(file, strength_clip)))


@node("LoraLoaderModelOnly", category="loaders", title="Load LoRA (Model Only)")
def load_lora_on_model(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    model: ModelHandle,
    lora_name: LoraName,
    strength_model: Strength = 1.0,
) -> ModelHandle:
    """Put a LoRA on a model and leave the text encoder alone."""
    file = _look_into(runtime, warn, lora_name, {"model": model})
    return model.clone(Applied(file, strength_model))


def _look_into(
    runtime: Runtime, warn: Warn, lora_name: str, handles: Mapping[Component, ModelHandle | TextHandle]
) -> FileRef:
    """Match the file against the models, refuse what fits nothing, and say what does not fit."""
    from diffusion.adapters.patches import inspect_adapter

    targets = {component: runtime.residency.targets(handle) for component, handle in handles.items()}
    file, report = inspect_adapter(runtime.folders, lora_name, targets)
    for sentence in report.warnings():
        warn(sentence)
    return file
