"""How each weight of a model comes about: a handle's expression, taken apart weight by weight.

Two recipes with equal keys give equal numbers, so comparing keys tells which weights of a resident model to rewrite.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diffusion.errors import UnreadableFile
from diffusion.families.family import Target
from diffusion.files.folders import ModelFolders
from diffusion.handle import Blend, Component, File, FileRef, Patched, Weights
from diffusion.model_files import ModelFile, ModelFiles

if TYPE_CHECKING:
    from diffusion.adapters.adapter import Patch


WIDENED = "conv_in.weight"
"""Where networks that see more than the latent, such as those trained to inpaint, are wider than others."""


class Recipe(ABC):
    """One weight as it should be."""

    key: Hashable
    shape: tuple[int, ...]
    """The shape its file gives it."""

    @abstractmethod
    def value(self, place: torch.device) -> Tensor:
        """The weight in float32 on a device."""

    def write(self, target: Tensor) -> None:
        """Put the weight where it belongs, cast once to the number format there."""
        target.copy_(self.value(target.device).reshape(target.shape))


@dataclass(frozen=True, slots=True)
class FromFile(Recipe):
    """A weight as a file stores it."""

    file: ModelFile
    name: str
    key: Hashable
    shape: tuple[int, ...]

    def value(self, place: torch.device) -> Tensor:
        return self.file.source.read(self.name).to(place).to(torch.float32)

    def write(self, target: Tensor) -> None:
        self.file.source.copy_into(target, self.name)


@dataclass(frozen=True, slots=True)
class WithPatches(Recipe):
    """A weight with adapters' changes on top, each computed from the weight below all of them."""

    base: Recipe
    patches: tuple[Patch, ...]
    key: Hashable
    shape: tuple[int, ...]

    def value(self, place: torch.device) -> Tensor:
        from diffusion.adapters.adapter import apply_patches

        return apply_patches(self.base.value(place), self.patches)


@dataclass(frozen=True, slots=True)
class WeightedSum(Recipe):
    """A weighted sum of weights of several models."""

    parts: tuple[tuple[float, Recipe], ...]
    key: Hashable
    shape: tuple[int, ...]

    def value(self, place: torch.device) -> Tensor:
        (ratio, first), *others = self.parts
        total = first.value(place).mul_(ratio)
        for ratio, part in others:
            total.add_(part.value(place).view_as(total), alpha=ratio)
        return total


@dataclass(frozen=True, slots=True)
class FirstInputs(Recipe):
    """The part of a weight that sees the first channels of what comes in."""

    whole: Recipe
    key: Hashable
    shape: tuple[int, ...]

    def value(self, place: torch.device) -> Tensor:
        return self.whole.value(place)[:, : self.shape[1]].contiguous()


@dataclass(frozen=True, slots=True)
class WithFirstInputs(Recipe):
    """A weight whose part that sees the first channels of what comes in is another one."""

    whole: Recipe
    first: Recipe
    key: Hashable
    shape: tuple[int, ...]

    def value(self, place: torch.device) -> Tensor:
        weight = self.whole.value(place)
        weight[:, : self.first.shape[1]] = self.first.value(place)
        return weight


class Recipes:
    """Takes expressions apart."""

    def __init__(self, folders: ModelFolders, files: ModelFiles) -> None:
        self._folders, self._files = folders, files

    def of(self, weights: Weights, family: str) -> Mapping[str, Recipe]:
        """A recipe for every weight, by canonical name."""
        if isinstance(weights, File):
            return self._from_file(weights, family)
        if isinstance(weights, Patched):
            return self._patched(weights, family)
        return self._blended(weights, family)

    def targets(self, weights: Weights, family: str) -> Mapping[str, Target]:
        """The weights adapters can change, as the expression's first file spells them."""
        file = files_of(weights)[0]
        return self._files.open(file, family).targets(component_of(weights))

    def _from_file(self, weights: File, family: str) -> Mapping[str, Recipe]:
        opened = self._files.open(weights.file, family)
        return {
            name: FromFile(opened, target.file_name, (weights.file, target.file_name), target.shape)
            for name, target in opened.targets(weights.component).items()
        }

    def _patched(self, weights: Patched, family: str) -> Mapping[str, Recipe]:
        from diffusion.adapters.patches import patches_for

        recipes = dict(self.of(weights.base, family))
        targets = self.targets(weights.base, family)
        patches = patches_for(self._folders, weights.stack, component_of(weights), targets)
        for name, stack in patches.items():
            if stack:
                base = recipes[name]
                key = (base.key, tuple((patch.digest, patch.strength) for patch in stack))
                recipes[name] = WithPatches(base, stack, key, base.shape)
        return recipes

    def _blended(self, weights: Blend, family: str) -> Mapping[str, Recipe]:
        parts = [self.of(part, family) for part in weights.parts]
        for part in weights.parts[1:]:
            self._refuse_mismatch(weights.parts[0], part, family)
        recipes: dict[str, Recipe] = {}
        for name in parts[0]:
            ratios = _ratios_for(name, weights.ratios)
            recipes[name] = blended_weight(ratios, [part[name] for part in parts])
        return recipes

    def _refuse_mismatch(self, first: Weights, other: Weights, family: str) -> None:
        """Raise UnreadableFile unless two expressions have the same weights in the same shapes."""
        ours, theirs = self.targets(first, family), self.targets(other, family)
        for name in [*ours, *theirs]:
            if name in ours and name in theirs:
                shapes = ours[name].shape, theirs[name].shape
                if same_but_for_ones(*shapes) or (name == WIDENED and sees_more(*shapes)):
                    continue
            names = f"{files_of(other)[0].path} cannot be merged with {files_of(first)[0].path}"
            raise UnreadableFile(f"{names}: only one of them has {name}, or its shapes differ.")


def blended_weight(ratios: Sequence[float], parts: Sequence[Recipe]) -> Recipe:
    """A weighted sum; of what the first sees and others do not, the first's own weight stays."""
    first, columns = parts[0], min(part.shape[1:2] for part in parts)
    if first.shape[1:2] == columns:
        return weighted_sum(zip(ratios, parts, strict=True))
    merged = weighted_sum(zip(ratios, [_first_inputs(part, columns[0]) for part in parts], strict=True))
    return WithFirstInputs(first, merged, (first.key, merged.key), first.shape)


def _first_inputs(part: Recipe, columns: int) -> Recipe:
    if part.shape[1] == columns:
        return part
    return FirstInputs(part, (part.key, "inputs", columns), (part.shape[0], columns, *part.shape[2:]))


def weighted_sum(summands: Iterable[tuple[float, Recipe]]) -> Recipe:
    """A weighted sum in its simplest form: sums within are opened, equal parts counted once, zeros left out.

    So a model merged with itself is that model, bit for bit.
    """
    opened = [
        (Decimal(repr(ratio)) * Decimal(repr(inner)), part)
        for ratio, summand in summands
        for inner, part in (summand.parts if isinstance(summand, WeightedSum) else ((1.0, summand),))
    ]
    totals: dict[Hashable, Decimal] = {}
    for ratio, part in opened:
        totals[part.key] = totals.get(part.key, Decimal(0)) + ratio
    recipes = {part.key: part for _, part in opened}
    kept = [(float(total), recipes[key]) for key, total in totals.items() if total] or [(0.0, opened[0][1])]
    if len(kept) == 1 and kept[0][0] == 1:
        return kept[0][1]
    return WeightedSum(tuple(kept), tuple((ratio, part.key) for ratio, part in kept), opened[0][1].shape)


def component_of(weights: Weights) -> Component:
    """Which component an expression is of."""
    while not isinstance(weights, File):
        weights = weights.base if isinstance(weights, Patched) else weights.parts[0]
    return weights.component


def files_of(weights: Weights) -> tuple[FileRef, ...]:
    """The files whose weights an expression builds on, first one first."""
    if isinstance(weights, File):
        return (weights.file,)
    if isinstance(weights, Patched):
        return files_of(weights.base)
    return tuple(dict.fromkeys(file for part in weights.parts for file in files_of(part)))


def same_but_for_ones(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two shapes are equal but for axes of length 1, by which 1×1 convolutions differ from matrices."""
    return [size for size in shape if size != 1] == [size for size in other if size != 1]


def sees_more(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether a weight is as another but for further channels of what comes in."""
    return len(shape) == len(other) and (shape[0], *shape[2:]) == (other[0], *other[2:]) and shape[1] > other[1]


def _ratios_for(name: str, ratios: tuple[tuple[str, tuple[float, ...]], ...]) -> tuple[float, ...]:
    """The ratios of the longest prefix that a weight's name begins with."""
    rows = [(len(prefix), row) for prefix, row in ratios if name.startswith(prefix)]
    if not rows:
        raise ValueError(f"The merge says no ratio for {name}: one with the empty prefix stands for the rest.")
    return max(rows)[1]
