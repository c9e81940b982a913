"""Models as files: what a handle's expression comes to, in the published single-file layout.

Weights are computed and written one by one, so that saving takes no more memory than the largest of them. The file's
metadata tells how it came about (``patchbay.recipe``), what its shapes do not tell (``patchbay.…``, as it is read
from files), and what it is in the public terms of ModelSpec (``modelspec.…``,
https://github.com/Stability-AI/ModelSpec).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from diffusion.device import DTYPES
from diffusion.digest import content
from diffusion.errors import DiffusionError, NotFinite
from diffusion.families.detection import family_named
from diffusion.files.folders import ModelFolders
from diffusion.files.header import Header
from diffusion.files.writing import write_tensors
from diffusion.handle import Applied, File, FileRef, ModelHandle, Patched, TextHandle, VaeHandle, Weights
from diffusion.model_files import ModelFiles
from diffusion.recipes import Recipe, Recipes, component_of, files_of
from diffusion.weights import NAMES

Handle = ModelHandle | TextHandle | VaeHandle
Precision = Literal["fp16", "bf16", "fp32"]
Watch = Callable[[int, int], object]
CPU = torch.device("cpu")
SETTINGS = {"model": ("unet.", "prediction", "latent_"), "text": ("text.",), "vae": ("vae.", "latent_")}
"""How the ``patchbay.`` keys begin that tell of a component."""
PREFIXES = {"model": "", "text": "cond_stage_model.transformer.", "vae": "first_stage_model."}
"""What names in a checkpoint begin with that a component's names in a file of its own do not."""
ARCHITECTURES = {"sd15": "stable-diffusion-v1"}
IMPLEMENTATION = "https://github.com/CompVis/stable-diffusion"
PREDICTIONS = {None: "epsilon", "eps": "epsilon", "v": "v"}


@dataclass(frozen=True, slots=True)
class _Weight:
    recipe: Recipe
    shape: tuple[int, ...]


def save_models(
    folders: ModelFolders,
    path: Path,
    *handles: Handle,
    stored_as: Precision = "fp16",
    metadata: Mapping[str, str] | None = None,
    on_weight: Watch | None = None,
) -> None:
    """Write models to one file: several as a checkpoint; one by itself as a network, a text encoder or a VAE.

    ``on_weight(done, total)`` is called for each weight and may raise to stop. Raises DiffusionError for a weight that
    the number format cannot hold, and what reading the files and adapters raises.
    """
    files = ModelFiles(folders)
    recipes = Recipes(folders, files)
    try:
        weights: dict[str, _Weight] = {}
        texts = {"format": "pt", **(metadata or {}), **_specification(handles)}
        texts["patchbay.recipe"] = json.dumps({component_of(each.weights): describe(each.weights) for each in handles})
        for handle in reversed(handles):  # what two of them tell is said by the first
            weights = dict(_weights(recipes, files, handle, alone=len(handles) == 1)) | weights
            texts |= _settings(files, handle)
        dtype = DTYPES[stored_as]
        listing = {name: (NAMES[dtype], weight.shape) for name, weight in weights.items()}
        done = iter(range(1, len(weights) + 1))

        def stored(name: str) -> memoryview:
            if on_weight is not None:
                on_weight(next(done), len(weights))
            return content(_cast(weights[name].recipe.value(CPU), dtype, name))

        write_tensors(path, listing, texts, stored)
    finally:
        files.release(pages=True)
        files.close()


def left_out(handle: Handle) -> Iterator[str]:
    """What a model carries that no file can hold, as sentences."""
    if isinstance(handle, TextHandle) and handle.skip:
        yield f"A file does not say how many layers are skipped: set CLIP skip to {-1 - handle.skip} when it is loaded."
    if isinstance(handle, ModelHandle):
        if handle.block_patches:
            kinds = ", ".join(sorted({type(patch).__name__ for patch in handle.block_patches}))
            yield f"What changes how the network computes and not its weights is not in the file: {kinds}."
        if handle.scheduled:
            files = ", ".join(dict.fromkeys(each.adapter.path for each in handle.scheduled))
            yield f"Adapters whose strength changes while sampling are not in the file: {files}."
        if handle.guidance:
            yield "How the model is guided is not in the file."
        if handle.sampling.zero_terminal_snr or handle.sampling.shift is not None:
            yield "At which noise levels the model is sampled is not in the file."


def describe(weights: Weights) -> dict[str, Any]:
    """An expression as JSON: the files, adapters and ratios that made a model."""
    if isinstance(weights, File):
        return _file(weights.file)
    if isinstance(weights, Patched):
        return {"base": describe(weights.base), "adapters": [_adapter(applied) for applied in weights.stack]}
    parts = [describe(part) for part in weights.parts]
    return {"merged": parts, "ratios": {prefix: list(ratios) for prefix, ratios in weights.ratios}}


def _file(file: FileRef) -> dict[str, Any]:
    return {"file": file.path, "identity": file.identity}


def _adapter(applied: Applied) -> dict[str, Any]:
    options = {"options": dict(applied.options)} if applied.options else {}
    return {**_file(applied.adapter), "strength": applied.strength, **options}


def _weights(recipes: Recipes, files: ModelFiles, handle: Handle, *, alone: bool) -> Iterator[tuple[str, _Weight]]:
    """Each weight by its name in the file."""
    component, family = component_of(handle.weights), family_named(handle.family)
    part = family.parts[component]
    config = family.config(component, files.open(files_of(handle.weights)[0], handle.family).header)
    made = recipes.of(handle.weights, handle.family)
    for name, published in part.table(Header({}), config).items():
        file_name = published.removeprefix(PREFIXES[component]) if alone else published
        yield file_name, _Weight(made[name], _published_shape(published, made[name].shape))


def _published_shape(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The published VAE's attention is made of 1×1 convolutions; other layouts store the same as matrices."""
    return (*shape, 1, 1) if ".mid.attn_1." in name and len(shape) == 2 else shape


def _settings(files: ModelFiles, handle: Handle) -> Iterator[tuple[str, str]]:
    """What the shapes do not tell, as the file tells it that the configuration comes from."""
    told = files.open(files_of(handle.weights)[0], handle.family).header.metadata
    starts = tuple(f"patchbay.{start}" for start in SETTINGS[component_of(handle.weights)])
    yield from ((key, text) for key, text in told.items() if key.startswith(starts))
    if isinstance(handle, ModelHandle) and handle.sampling.prediction is not None:
        yield "patchbay.prediction", handle.sampling.prediction


def _specification(handles: tuple[Handle, ...]) -> dict[str, str]:
    architecture = ARCHITECTURES[handles[0].family]
    files = {file.path for handle in handles for file in files_of(handle.weights)}
    found = {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": architecture,
        "modelspec.implementation": IMPLEMENTATION,
        "modelspec.date": datetime.now(UTC).isoformat(timespec="seconds"),
        "modelspec.merged_from": ", ".join(sorted(files)),
    }
    for handle in handles:
        if isinstance(handle, ModelHandle) and handle.sampling.prediction in PREDICTIONS:
            found["modelspec.prediction_type"] = PREDICTIONS[handle.sampling.prediction]
    return found


def _cast(weight: Tensor, dtype: torch.dtype, name: str) -> Tensor:
    stored = weight.to(dtype)
    if not torch.isfinite(stored).all():
        if torch.isfinite(weight).all():
            raise DiffusionError(f"The weight {name} is too large for {dtype}: save the model as bf16 or fp32.")
        raise NotFinite(f"The weight {name} holds numbers that are not finite: the merge or an adapter is at fault.")
    return stored
