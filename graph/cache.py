"""Where a run looks before it calls a node: memory first, then what earlier processes left."""

from __future__ import annotations

from contextlib import suppress

from graph.archive import Archive
from graph.choices import Lookup
from graph.store import OutputStore, Recipe, Stored, Witness


class Cache:
    """The store and the archive as one, giving out only what is still true."""

    def __init__(self, store: OutputStore, archive: Archive | None, lookup: Lookup):
        self.store, self._archive, self._lookup = store, archive, lookup

    def recall(self, recipe_key: str | None) -> Recipe | None:
        """What a node came to under this recipe, if every item is at hand."""
        if recipe_key is None:
            return None
        recipe = self.store.recall(recipe_key)
        if recipe is None and self._archive is not None:
            recipe = self._archive.recall(recipe_key)
        if recipe is None or not self._hold(recipe.witnesses):
            return None
        return recipe if all(self.has(key) for key in recipe.keys) else None

    def has(self, key: str) -> bool:
        """Whether the outputs under a content key are at hand and still true."""
        stored = self.store.get(key)
        if stored is not None:
            return self._is_true(stored)
        if self._archive is None or key not in self._archive:
            return False
        artifacts = self._archive.shown(key)
        return artifacts is not None and all(artifact.is_valid() for artifact in artifacts)

    def peek(self, key: str) -> Stored | None:
        """The outputs under a content key, for a look."""
        stored = self.take(key)
        if stored is not None:
            self.store.let_go(key)
        return stored

    def take(self, key: str) -> Stored | None:
        """The outputs under a content key, held once; None if there are none that are still true."""
        stored = self.store.get(key)
        if stored is not None:
            if not self._is_true(stored):
                return None
            self.store.hold(key)
            return stored
        stored = self._archive.load(key) if self._archive is not None else None
        if stored is None or not self._is_true(stored):
            return None
        self.store.put(key, stored)
        return stored

    def take_all(self, recipe: Recipe) -> list[Stored] | None:
        """The outputs of every item, each held once; None, and nothing held, if one is missing."""
        taken: list[Stored] = []
        for key in recipe.keys:
            stored = self.take(key)
            if stored is None:
                for held in recipe.keys[: len(taken)]:
                    self.store.let_go(held)
                return None
            taken.append(stored)
        return taken

    def keep(self, key: str, stored: Stored) -> None:
        """Store outputs, held once; costly ones go to the archive too."""
        self.store.put(key, stored)
        if self._archive is not None:
            self._archive.save(key, stored)

    def remember(self, recipe_key: str, recipe: Recipe) -> None:
        """Note what a recipe came to."""
        self.store.remember(recipe_key, recipe)
        if self._archive is not None:
            with suppress(OSError):  # without the note the outputs are still found by their content keys
                self._archive.remember(recipe_key, recipe)

    def _is_true(self, stored: Stored) -> bool:
        return all(artifact.is_valid() for artifact in stored.artifacts) and self._hold(stored.witnesses)

    def _hold(self, witnesses: frozenset[Witness]) -> bool:
        return not witnesses or all(
            self._lookup.find(source, name).name is not None and self._lookup.identity(source, name) == identity
            for source, name, identity in witnesses
        )
