"""Nodes that write models to files: what merges, adapters and all else on them come to."""

import time
from pathlib import PurePosixPath
from typing import Annotated, Literal

from diffusion.handle import ModelHandle, TextHandle, VaeHandle
from diffusion.runtime import Runtime
from graph.declare import Range, Resource, Text, Tip, node
from graph.reporting import Progress, Warn
from workflows.document import Document
from workflows.names import fill
from workflows.outputs import OutputFolder, SavedFile, destination, prefix_fault

Precision = Annotated[
    Literal["fp16", "bf16", "fp32"], Tip("The number format of the file; fp16 is what most programs expect.")
]
Differing = Annotated[ModelHandle | None, Tip("What ModelMergeSubtract gives: the changed model less the other.")]
DifferingText = Annotated[TextHandle | None, Tip("What CLIPMergeSubtract gives.")]
Rank = Annotated[int, Range(1, 4096), Tip("How closely the difference is kept; the file grows with it.")]

PREFIX = Tip("The file's name below the output folder, before its number.")


@node(
    "CheckpointSave",
    category="advanced/model_merging",
    title="Save Checkpoint",
    fingerprint=destination,
    validate=prefix_fault,
)
def save_checkpoint(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    outputs: Resource[OutputFolder],
    document: Resource[Document],
    model: ModelHandle,
    clip: TextHandle,
    vae: VaeHandle,
    filename_prefix: Annotated[str, Text(), PREFIX] = "checkpoints/Patchbay",
    dtype: Precision = "fp16",
) -> SavedFile:
    """Write a network, a text encoder and a VAE to one checkpoint file, with everything that is on them."""
    return _saved(runtime, progress, warn, outputs, document, (model, clip, vae), filename_prefix, dtype)


@node(
    "ModelSave", category="advanced/model_merging", title="Save Model", fingerprint=destination, validate=prefix_fault
)
def save_model(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    outputs: Resource[OutputFolder],
    document: Resource[Document],
    model: ModelHandle,
    filename_prefix: Annotated[str, Text(), PREFIX] = "diffusion_models/Patchbay",
    dtype: Precision = "fp16",
) -> SavedFile:
    """Write a denoising network to a file of its own, with the merges and adapters that are on it."""
    return _saved(runtime, progress, warn, outputs, document, (model,), filename_prefix, dtype)


@node("CLIPSave", category="advanced/model_merging", title="Save CLIP", fingerprint=destination, validate=prefix_fault)
def save_text_encoder(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    outputs: Resource[OutputFolder],
    document: Resource[Document],
    clip: TextHandle,
    filename_prefix: Annotated[str, Text(), PREFIX] = "clip/Patchbay",
    dtype: Precision = "fp16",
) -> SavedFile:
    """Write a text encoder to a file of its own, with the merges and adapters that are on it."""
    return _saved(runtime, progress, warn, outputs, document, (clip,), filename_prefix, dtype)


@node("VAESave", category="advanced/model_merging", title="Save VAE", fingerprint=destination, validate=prefix_fault)
def save_vae(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    outputs: Resource[OutputFolder],
    document: Resource[Document],
    vae: VaeHandle,
    filename_prefix: Annotated[str, Text(), PREFIX] = "vae/Patchbay",
    dtype: Precision = "fp16",
) -> SavedFile:
    """Write an image autoencoder to a file of its own."""
    return _saved(runtime, progress, warn, outputs, document, (vae,), filename_prefix, dtype)


def _saved(
    runtime: Runtime,
    progress: Progress,
    warn: Warn,
    outputs: OutputFolder,
    document: Document,
    handles: tuple[ModelHandle | TextHandle | VaeHandle, ...],
    prefix: str,
    dtype: Literal["fp16", "bf16", "fp32"],
) -> SavedFile:
    from diffusion.saving import left_out, save_models

    for handle in handles:
        for sentence in left_out(handle):
            warn(sentence)
    texts = _texts(document, prefix)
    return outputs.save(
        prefix,
        ".safetensors",
        lambda path: save_models(runtime.folders, path, *handles, stored_as=dtype, metadata=texts, on_weight=progress),
    )


def _texts(document: Document, prefix: str) -> dict[str, str]:
    """What the file's metadata says of the workflow, and the file's title."""
    filled = fill(prefix, document, {}, time.localtime())
    return document.chunks() | {"modelspec.title": PurePosixPath(filled.replace("\\", "/")).name}


@node(
    "ExtractLora",
    category="advanced/model_merging",
    title="Extract LoRA",
    fingerprint=destination,
    validate=prefix_fault,
)
def extract_lora(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    outputs: Resource[OutputFolder],
    document: Resource[Document],
    model: ModelHandle,
    base_model: ModelHandle,
    clip: TextHandle | None = None,
    base_clip: TextHandle | None = None,
    filename_prefix: Annotated[str, Text(), PREFIX] = "loras/Patchbay",
    rank: Rank = 8,
    dtype: Precision = "fp16",
) -> SavedFile:
    """Write a LoRA that makes one model nearly of another, by singular values: the nearest one of its rank."""
    from diffusion.extraction import save_difference

    if (clip is None) != (base_clip is None):
        raise ValueError("Connect both text encoders, the changed one and the one it comes from, or neither.")
    pairs: list[tuple[ModelHandle, ModelHandle] | tuple[TextHandle, TextHandle]] = [(base_model, model)]
    if clip is not None and base_clip is not None:
        pairs.append((base_clip, clip))
    texts = _texts(document, filename_prefix)
    return outputs.save(
        filename_prefix,
        ".safetensors",
        lambda path: save_difference(
            runtime.folders, path, pairs, rank=rank, stored_as=dtype, metadata=texts, on_weight=progress
        ),
    )


@node(
    "LoraSave",
    category="advanced/model_merging",
    title="Extract and Save LoRA",
    fingerprint=destination,
    validate=prefix_fault,
)
def save_lora(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    outputs: Resource[OutputFolder],
    document: Resource[Document],
    filename_prefix: Annotated[str, Text(), PREFIX] = "loras/Patchbay",
    rank: Rank = 8,
    lora_type: Annotated[
        Literal["standard", "full_diff"], Tip("Standard is a LoRA of that rank; full_diff keeps all, in a large file.")
    ] = "standard",
    bias_diff: Annotated[bool, Tip("Keep what differs in biases and norms as well.")] = True,
    model_diff: Differing = None,
    text_encoder_diff: DifferingText = None,
) -> SavedFile:
    """Write a difference of models, as the nodes that subtract them make it, to a LoRA file."""
    from diffusion.extraction import save_differences

    differences = [each for each in (model_diff, text_encoder_diff) if each is not None]
    if not differences:
        raise ValueError("Connect a difference of models to 'model_diff' or 'text_encoder_diff'.")
    texts = _texts(document, filename_prefix)
    kept = rank if lora_type == "standard" else None
    return outputs.save(
        filename_prefix,
        ".safetensors",
        lambda path: save_differences(
            runtime.folders, path, differences, rank=kept, biases=bias_diff, metadata=texts, on_weight=progress
        ),
    )
