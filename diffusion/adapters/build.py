"""From the tensors of an adapter file to adapters that know their weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffusion.adapters.adapter import Adapter, Options, Shape
from diffusion.adapters.dialects import Rows
from diffusion.adapters.dora import MAGNITUDES, DoRA, axis_of
from diffusion.adapters.match import Entry

if TYPE_CHECKING:
    from torch import Tensor


def build(entry: Entry, tensors: Mapping[str, Tensor], weight: Shape, options: Options) -> Adapter:
    """The adapter an entry describes, for a weight of this shape. ``tensors`` are the file's, by key."""
    roles = {role: tensors[key] for role, key in entry.keys.items()}
    adapter: Adapter = entry.kind.from_tensors(roles, _scale(entry, roles), {**entry.options, **options})
    for role in MAGNITUDES & roles.keys():
        magnitude = roles[role]
        adapter = DoRA(adapter, magnitude, axis_of(role, tuple(magnitude.shape), entry.shape))
    if entry.place.seen(weight) != entry.shape:
        adapter = InFirstColumns(adapter, entry.shape[1])
    if entry.place.part is not None:
        adapter = PartOf(adapter, entry.place.part)
    if entry.place.swapped:
        adapter = InOtherOrder(adapter)
    return adapter


def _scale(entry: Entry, roles: Mapping[str, Tensor]) -> float:
    """An explicit scale, else alpha / rank, else what a configuration says, else 1."""
    if "scale" in roles:
        return float(roles["scale"])
    if "alpha" in roles and entry.rank is not None:
        return float(roles["alpha"]) / (entry.divisor or entry.rank)
    return 1.0 if entry.scale is None else entry.scale


@dataclass(frozen=True, slots=True, eq=False)
class InFirstColumns:
    """An adapter for a narrower input layer: channels that came later (a mask, a hint) stay as they are."""

    inner: Adapter
    columns: int

    @property
    def linear(self) -> bool:
        return self.inner.linear

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        change = weight.new_zeros(weight.shape)
        change[:, : self.columns] = self.inner.delta(weight[:, : self.columns], strength)
        return change


@dataclass(frozen=True, slots=True, eq=False)
class PartOf:
    """Some rows of an adapter that was trained on a larger matrix (fused queries, keys and values)."""

    inner: Adapter
    rows: Rows

    @property
    def linear(self) -> bool:
        return self.inner.linear

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        whole = weight.new_zeros(self.rows.total, *weight.shape[1:])
        whole[self.rows.start : self.rows.stop] = weight
        return self.inner.delta(whole, strength)[self.rows.start : self.rows.stop]


@dataclass(frozen=True, slots=True, eq=False)
class InOtherOrder:
    """An adapter that was trained on a matrix whose two halves of rows lie the other way round."""

    inner: Adapter

    @property
    def linear(self) -> bool:
        return self.inner.linear

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        return _swapped(self.inner.delta(_swapped(weight), strength))


def _swapped(weight: Tensor) -> Tensor:
    return weight.roll(len(weight) // 2, 0)
