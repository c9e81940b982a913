"""A LoRA file out of the difference between two models, weight by weight."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from diffusion.adapters.extract import extract_lora
from diffusion.device import DTYPES
from diffusion.errors import DiffusionError
from diffusion.files.folders import ModelFolders
from diffusion.handle import Blend, ModelHandle, Patched, TextHandle, Weights
from diffusion.merging import subtracted
from diffusion.model_files import ModelFiles
from diffusion.recipes import Recipe, Recipes, WeightedSum, component_of
from diffusion.saving import ARCHITECTURES, Precision, Watch

Handle = ModelHandle | TextHandle
Pair = tuple[ModelHandle, ModelHandle] | tuple[TextHandle, TextHandle]
CPU = torch.device("cpu")


def save_difference(
    folders: ModelFolders,
    path: Path,
    pairs: Sequence[Pair],
    *,
    rank: int,
    stored_as: Precision = "fp16",
    metadata: Mapping[str, str] | None = None,
    on_weight: Watch | None = None,
) -> None:
    """Write an adapter of at most ``rank`` that makes each pair's first model nearly its second.

    Raises DiffusionError where a pair does not differ or is of two shapes.
    """
    differences = [subtracted(tuned, base, 1.0) for base, tuned in pairs]  # type: ignore[type-var]
    save_differences(folders, path, differences, rank=rank, stored_as=stored_as, metadata=metadata, on_weight=on_weight)


def save_differences(
    folders: ModelFolders,
    path: Path,
    differences: Sequence[Handle],
    *,
    rank: int | None,
    biases: bool = True,
    stored_as: Precision = "fp16",
    metadata: Mapping[str, str] | None = None,
    on_weight: Watch | None = None,
) -> None:
    """Write an adapter of at most ``rank``, or of whole differences, that adds what was subtracted from each other.

    ``biases`` says whether it has those and norms as well. Raises DiffusionError for what is no difference, or none of
    models that differ.
    """
    for difference in differences:
        _refuse_model(difference)
    files = ModelFiles(folders)
    recipes = Recipes(folders, files)
    try:
        found = _extracted(recipes, differences, rank, biases, stored_as, on_weight)
        if not found:
            raise DiffusionError("The models are equal, so there is no difference to take a LoRA from.")
        texts = {
            "format": "pt",
            **(metadata or {}),
            **({} if rank is None else LORA | {"ss_network_dim": str(rank), "ss_network_alpha": str(rank)}),
            "modelspec.sai_model_spec": "1.0.0",
            "modelspec.architecture": f"{ARCHITECTURES[differences[0].family]}/lora",
        }
        save_file(found, os.fspath(path), texts)
    finally:
        files.release(pages=True)
        files.close()


LORA = {"ss_network_module": "networks.lora"}


def _extracted(
    recipes: Recipes,
    differences: Sequence[Handle],
    rank: int | None,
    biases: bool,
    stored_as: Precision,
    on_weight: Watch | None,
) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    differing = [(component_of(handle.weights), dict(_differing(recipes, handle, biases))) for handle in differences]
    total, done = sum(len(weights) for _, weights in differing), 0
    for component, weights in differing:
        for name, recipe in weights.items():
            found |= extract_lora(component, [(name, recipe.value(CPU))], rank, DTYPES[stored_as])
            done += 1
            if on_weight is not None:
                on_weight(done, total)
    return found


def _differing(recipes: Recipes, difference: Handle, biases: bool) -> Iterator[tuple[str, Recipe]]:
    """The weights that are made differently."""
    for name, recipe in recipes.of(difference.weights, difference.family).items():
        made_alike = isinstance(recipe, WeightedSum) and not any(ratio for ratio, _ in recipe.parts)
        if not made_alike and (biases or len(recipe.shape) > 1):
            yield name, recipe


def _refuse_model(difference: Handle) -> None:
    """Raise DiffusionError unless the shares of what a model is made of are nothing in all."""
    if not _is_difference(difference.weights):
        raise DiffusionError(
            "A LoRA is taken from the difference of two models, and this is a model itself. Subtract the one that it "
            "was made from first: ModelMergeSubtract, CLIPMergeSubtract."
        )


def _is_difference(weights: Weights) -> bool:
    if isinstance(weights, Patched):
        return _is_difference(weights.base)
    if not isinstance(weights, Blend):
        return False
    models = [0 if _is_difference(part) else 1 for part in weights.parts]
    return not any(sum(share * model for share, model in zip(row, models, strict=True)) for _, row in weights.ratios)
