"""Where a run looks before it calls a node: memory first, then what earlier processes left."""

from __future__ import annotations

from graph.archive import Archive
from graph.choices import Lookup
from graph.store import OutputStore, Recipe, Stored


class Cache:
    """The store and the archive as one, giving out only what is still true."""

    def __init__(self, store: OutputStore, archive: Archive | None, lookup: Lookup):
        self.store, self._archive, self._lookup = store, archive, lookup

    def recall(self, recipe_key: str | None) -> Recipe | None:
        """What a node came to under this recipe, if every item can be had."""
        if recipe_key is None:
            return None
        recipe = self.store.recall(recipe_key)
        if recipe is None and self._archive is not None:
            recipe = self._archive.recall(recipe_key)
        if recipe is not None and all(self.find(key) is not None for key in recipe.keys):
            return recipe
        return None

    def find(self, key: str) -> Stored | None:
        """The outputs under a content key, if they are still true. They are not held."""
        stored = self.store.get(key)
        if stored is None and self._archive is not None:
            stored = self._archive.load(key)
            if stored is not None:
                self.store.put(key, stored)
                self.store.let_go(key)
        if stored is None or not self._is_true(stored):
            return None
        return stored

    def keep(self, key: str, stored: Stored) -> None:
        """Store outputs, held once; costly ones go to the archive too."""
        self.store.put(key, stored)
        if self._archive is not None:
            self._archive.save(key, stored)

    def remember(self, recipe_key: str, recipe: Recipe) -> None:
        self.store.remember(recipe_key, recipe)
        if self._archive is not None:
            self._archive.remember(recipe_key, recipe)

    def _is_true(self, stored: Stored) -> bool:
        return all(artifact.is_valid() for artifact in stored.artifacts) and all(
            self._lookup.find(source, name).name is not None and self._lookup.identity(source, name) == identity
            for source, name, identity in stored.witnesses
        )
