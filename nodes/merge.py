"""Nodes that merge models. They combine references; weights are computed, one by one, when a merge is used."""

from typing import Annotated

from diffusion.handle import ModelHandle, TextHandle
from graph.declare import Range, Tip, node

Ratio = Annotated[float, Range(0, 1, step=0.01), Tip("How much of the first; the rest is the second.")]
Multiplier = Annotated[
    float, Range(-10, 10, step=0.01), Tip("What the difference is multiplied by; less than 0 turns it around.")
]


@node("ModelMergeSimple", category="advanced/model_merging", title="Merge Models")
def merge_models(model1: ModelHandle, model2: ModelHandle, ratio: Ratio = 1.0) -> ModelHandle:
    """Mix two models: a share of each of the first one's weights, and the rest of the second one's."""
    from diffusion.merging import weighted

    return weighted(model1, model2, ratio)


@node("ModelMergeAdd", category="advanced/model_merging", title="Add Models")
def add_models(model1: ModelHandle, model2: ModelHandle) -> ModelHandle:
    """Add one model's weights to another's: a difference made by Subtract Models gives what it was taken from."""
    from diffusion.merging import added

    return added(model1, model2)


@node("ModelMergeSubtract", category="advanced/model_merging", title="Subtract Models")
def subtract_models(model1: ModelHandle, model2: ModelHandle, multiplier: Multiplier = 1.0) -> ModelHandle:
    """Take one model's weights from another's. The difference is no model by itself: add it to one."""
    from diffusion.merging import subtracted

    return subtracted(model1, model2, multiplier)


@node("ModelMergeBlocks", category="advanced/model_merging", title="Merge Models by Block")
def merge_models_by_block(
    model1: ModelHandle, model2: ModelHandle, input: Ratio = 1.0, middle: Ratio = 1.0, out: Ratio = 1.0
) -> ModelHandle:
    """Mix two models with a share of the first for each part of the network: on the way in, in the middle, and out."""
    from diffusion.merging import weighted_by_block

    return weighted_by_block(model1, model2, {"input": input, "middle": middle, "out": out})


@node("CLIPMergeSimple", category="advanced/model_merging", title="Merge Text Encoders")
def merge_text_encoders(clip1: TextHandle, clip2: TextHandle, ratio: Ratio = 1.0) -> TextHandle:
    """Mix two text encoders: a share of each of the first one's weights, and the rest of the second one's."""
    from diffusion.merging import weighted

    return weighted(clip1, clip2, ratio)


@node("CLIPMergeAdd", category="advanced/model_merging", title="Add Text Encoders")
def add_text_encoders(clip1: TextHandle, clip2: TextHandle) -> TextHandle:
    """Add one text encoder's weights to another's, for example a difference made by Subtract Text Encoders."""
    from diffusion.merging import added

    return added(clip1, clip2)


@node("CLIPMergeSubtract", category="advanced/model_merging", title="Subtract Text Encoders")
def subtract_text_encoders(clip1: TextHandle, clip2: TextHandle, multiplier: Multiplier = 1.0) -> TextHandle:
    """Take one text encoder's weights from another's. The difference is no encoder by itself: add it to one."""
    from diffusion.merging import subtracted

    return subtracted(clip1, clip2, multiplier)
