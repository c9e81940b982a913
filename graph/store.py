"""Outputs of nodes that have run, by content key, within a byte budget."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from graph.values import Artifact

Digests = tuple[Any, ...]
"""One digest per output; a tuple of them where the output is a list."""

Witness = tuple[str, str, str]
"""(source, name, identity) of something that a node's fragment read."""


@dataclass(slots=True)
class Stored:
    """What one run of a node, on one item, left behind. ``outputs`` has a list for each output that is one."""

    outputs: tuple[Any, ...]
    digests: Digests
    artifacts: tuple[Artifact, ...] = ()
    seconds: float = 0.0
    size: int = 0
    witnesses: frozenset[Witness] = frozenset()
    """What the outputs depend on and the key does not say; all must still hold."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a node came to when it last ran by this recipe: the content key and the rank of each item."""

    keys: tuple[str, ...]
    paths: tuple[tuple[int, ...], ...]
    witnesses: frozenset[Witness] = frozenset()
    """What it depends on and the recipe key does not say."""


class OutputStore:
    """Least recently used goes first. What a run holds stays, even above the budget, until the run lets go of it."""

    def __init__(self, capacity: int = 4 << 30, recipes: int = 200_000):
        self.capacity = capacity
        self._idle: OrderedDict[str, Stored] = OrderedDict()
        self._held: dict[str, tuple[Stored, int]] = {}
        self._recipes: OrderedDict[str, Recipe] = OrderedDict()
        self._most_recipes = recipes
        self.used = 0

    def __contains__(self, key: str) -> bool:
        return key in self._held or key in self._idle

    def __len__(self) -> int:
        return len(self._held) + len(self._idle)

    def get(self, key: str) -> Stored | None:
        """What is stored under a key; asking counts as use."""
        held = self._held.get(key)
        if held is not None:
            return held[0]
        stored = self._idle.get(key)
        if stored is not None:
            self._idle.move_to_end(key)
        return stored

    def put(self, key: str, stored: Stored) -> None:
        """Store outputs, held once: whoever puts them lets go of them with `let_go`."""
        holders = 0
        if key in self:  # its artifact is gone, or a twin came first
            self.hold(key)
            before, holders = self._held[key]
            self.used -= before.size
            holders -= 1
        self._held[key] = stored, holders + 1
        self.used += stored.size
        self._shrink(self.capacity)

    def hold(self, key: str) -> None:
        """Keep what is stored from being dropped until `let_go`."""
        held = self._held.get(key)
        self._held[key] = (held[0], held[1] + 1) if held else (self._idle.pop(key), 1)

    def let_go(self, key: str) -> None:
        """Undo one `hold`. Without holders the outputs may be dropped, at once if memory is short."""
        stored, holders = self._held[key]
        if holders > 1:
            self._held[key] = stored, holders - 1
            return
        del self._held[key]
        self._idle[key] = stored
        self._shrink(self.capacity)

    def free(self, size: int) -> int:
        """Drop idle outputs of at least ``size`` bytes, if there are so many. Returns how many bytes went."""
        before = self.used
        self._shrink(self.used - size)
        return before - self.used

    def remember(self, recipe_key: str, recipe: Recipe) -> None:
        """Note what a recipe came to."""
        self._recipes[recipe_key] = recipe
        self._recipes.move_to_end(recipe_key)
        if len(self._recipes) > self._most_recipes:
            self._recipes.popitem(last=False)

    def recall(self, recipe_key: str) -> Recipe | None:
        """What a recipe came to, whether or not the outputs are still here."""
        return self._recipes.get(recipe_key)

    def _shrink(self, capacity: int) -> None:
        while self.used > capacity and self._idle:
            self.used -= self._idle.popitem(last=False)[1].size
