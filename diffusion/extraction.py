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
from diffusion.handle import ModelHandle, TextHandle
from diffusion.model_files import ModelFiles
from diffusion.recipes import Recipe, Recipes, component_of
from diffusion.saving import ARCHITECTURES, Precision, Watch

Pair = tuple[ModelHandle, ModelHandle] | tuple[TextHandle, TextHandle]
CPU = torch.device("cpu")


class Computed(Mapping[str, Tensor]):
    """Weights that are computed when they are asked for, and not kept."""

    def __init__(self, recipes: Mapping[str, Recipe]) -> None:
        self._recipes = recipes

    def __getitem__(self, name: str) -> Tensor:
        return self._recipes[name].value(CPU)

    def __iter__(self) -> Iterator[str]:
        return iter(self._recipes)

    def __len__(self) -> int:
        return len(self._recipes)


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
    files = ModelFiles(folders)
    recipes = Recipes(folders, files)
    try:
        differing = {component_of(base.weights): _differing(recipes, base, tuned) for base, tuned in pairs}
        total, done, found = sum(map(len, differing.values())), 0, dict[str, Tensor]()
        for component, weights in differing.items():
            for name, (before, after) in weights.items():
                found |= extract_lora(
                    component, Computed({name: before}), Computed({name: after}), rank, DTYPES[stored_as]
                )
                done += 1
                if on_weight is not None:
                    on_weight(done, total)
        if not found:
            raise DiffusionError("The models are equal, so there is no difference to take a LoRA from.")
        texts = {
            "format": "pt",
            **(metadata or {}),
            "ss_network_module": "networks.lora",
            "ss_network_dim": str(rank),
            "ss_network_alpha": str(rank),
            "modelspec.sai_model_spec": "1.0.0",
            "modelspec.architecture": f"{ARCHITECTURES[pairs[0][0].family]}/lora",
        }
        save_file(found, os.fspath(path), texts)
    finally:
        files.release(pages=True)
        files.close()


def _differing(
    recipes: Recipes, base: ModelHandle | TextHandle, tuned: ModelHandle | TextHandle
) -> dict[str, tuple[Recipe, Recipe]]:
    """The weights that are made differently, as (of the base, of the other)."""
    ours, theirs = recipes.of(base.weights, base.family), recipes.of(tuned.weights, tuned.family)
    for name in [*ours, *theirs]:
        if name not in ours or name not in theirs or ours[name].shape != theirs[name].shape:
            raise DiffusionError(f"The models are of different shapes: only one has {name}, or it is of another size.")
    return {name: (ours[name], theirs[name]) for name in ours if ours[name].key != theirs[name].key}
