"""Outputs that were costly to make, kept on disk for the next process.

Files are named by digest and appear by renaming, so that any number of processes may share a directory. An entry
counts only for the stamp it was made under: what a caller says changes numbers (code, device, precision, versions).
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graph.codec import Codecs
from graph.digest import hash_text
from graph.store import Recipe, Stored
from graph.values import Artifact

_PLAIN = (int, float, str, bool, type(None))


class Archive:
    """Stored outputs by content key, and the recipes that led to them, least recently used going first."""

    def __init__(
        self, directory: Path, codecs: Codecs, stamp: str, *, limit: int = 8 << 30, least_seconds: float = 0.5
    ):
        """``limit`` is in bytes. What took less than ``least_seconds`` to make is not kept."""
        self._objects, self._recipes = directory / "outputs", directory / "recipes"
        self._codecs, self._stamp, self._limit, self._least_seconds = codecs, stamp, limit, least_seconds
        for folder in (self._objects, self._recipes):
            folder.mkdir(parents=True, exist_ok=True)
        self._used = sum(size for _, size, _ in self._sizes())

    def __contains__(self, key: str) -> bool:
        return self._document(self._name(key)).exists()  # other processes keep and remove outputs meanwhile

    def save(self, key: str, stored: Stored) -> bool:
        """Keep outputs, if they were costly and can be stored, or were made to be shown: that is not done twice."""
        if stored.witnesses or (stored.seconds < self._least_seconds and not stored.artifacts):
            return False
        tensors: dict[str, Any] = {}
        artifacts = [self._take_apart(artifact, "", tensors) for artifact in stored.artifacts]
        if tensors or None in artifacts:
            return False
        outputs = []
        for slot, output in enumerate(stored.outputs):
            items = output if isinstance(stored.digests[slot], tuple) else [output]
            entries = [self._take_apart(item, f"{slot}.{place}.", tensors) for place, item in enumerate(items)]
            if None in entries:
                return False
            outputs.append(entries if isinstance(stored.digests[slot], tuple) else entries[0])
        document = {
            "outputs": outputs,
            "digests": stored.digests,
            "artifacts": artifacts,
            "seconds": stored.seconds,
            "size": stored.size,
        }
        name = self._name(key)
        if tensors:
            part = _part(self._objects)
            self._codecs.write(part, tensors)
            part.replace(self._objects / f"{name}.tensors")
        _write(self._document(name), document | {"tensors": bool(tensors)})
        self._used += self._size(name)
        if self._used > self._limit:
            self._prune()
        return True

    def load(self, key: str) -> Stored | None:
        """What was kept under a content key; None if there is nothing, or nothing that can be read."""
        name = self._name(key)
        path = self._document(name)
        if not path.exists():
            return None
        try:
            document = json.loads(path.read_bytes())
            tensors = self._codecs.read(path.with_suffix(".tensors")) if document["tensors"] else {}
            digests = tuple(tuple(entry) if isinstance(entry, list) else entry for entry in document["digests"])
            outputs = tuple(
                [self._put_together(item, f"{slot}.{place}.", tensors) for place, item in enumerate(entry)]
                if isinstance(digests[slot], tuple)
                else self._put_together(entry, f"{slot}.0.", tensors)
                for slot, entry in enumerate(document["outputs"])
            )
            artifacts = self._artifacts(document)
            os.utime(path)
        except Exception:  # another process removed it, or it is damaged: either way it has to be made again
            self._remove(name)
            return None
        return Stored(outputs, digests, artifacts, seconds=document["seconds"], size=document["size"])

    def shown(self, key: str) -> tuple[Artifact, ...] | None:
        """The artifacts kept under a content key, without its outputs; None if they cannot be read."""
        name = self._name(key)
        try:
            return self._artifacts(json.loads(self._document(name).read_bytes()))
        except Exception:  # another process removed it, or it is damaged
            self._remove(name)
            return None

    def remember(self, recipe_key: str, recipe: Recipe) -> None:
        """Note what a recipe came to, if all of it is kept here."""
        if recipe.keys and not recipe.witnesses and all(key in self for key in recipe.keys):
            name = self._name(recipe_key)
            _write(self._recipes / f"{name}.json", {"keys": recipe.keys, "paths": recipe.paths})

    def recall(self, recipe_key: str) -> Recipe | None:
        """What a recipe came to; None if that is not known or not kept any more."""
        path = self._recipes / f"{self._name(recipe_key)}.json"
        if not path.exists():
            return None
        try:
            document = json.loads(path.read_bytes())
            return Recipe(tuple(document["keys"]), tuple(tuple(entry) for entry in document["paths"]))
        except Exception:  # another process removed it, or it is damaged
            path.unlink(missing_ok=True)
            return None

    def _name(self, key: str) -> str:
        return hash_text(f"{key}\n{self._stamp}")

    def _take_apart(self, value: Any, prefix: str, tensors: dict[str, Any]) -> Any:
        if type(value) in _PLAIN:
            return {"plain": value}
        dumped = self._codecs.dump(value)
        if dumped is None:
            return None
        document, held = dumped
        tensors |= {prefix + name: tensor for name, tensor in held.items()}
        return {"value": document}

    def _artifacts(self, document: Mapping[str, Any]) -> tuple[Artifact, ...]:
        return tuple(self._put_together(entry, "", {}) for entry in document["artifacts"])

    def _put_together(self, entry: Mapping[str, Any], prefix: str, tensors: Mapping[str, Any]) -> Any:
        if "plain" in entry:
            return entry["plain"]
        held = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        return self._codecs.load(entry["value"], held)

    def _prune(self) -> None:
        """Remove what was not used for longest until the limit holds, and recipes that lead nowhere."""
        sizes = sorted(self._sizes(), reverse=True)
        self._used = sum(size for _, size, _ in sizes)
        while sizes and self._used > self._limit:
            _, size, name = sizes.pop()
            self._used -= size
            self._remove(name)
        for path in self._recipes.glob("*.json"):
            try:
                recipe_keys = json.loads(path.read_bytes())["keys"]
            except (OSError, ValueError, TypeError, KeyError):  # another process removed it, or it is damaged
                recipe_keys = None
            if recipe_keys is None or not all(key in self for key in recipe_keys):
                path.unlink(missing_ok=True)

    def _sizes(self) -> Iterator[tuple[float, int, str]]:
        """When each entry was last used, its bytes, its name."""
        for path in self._objects.glob("*.json"):
            try:
                yield path.stat().st_mtime, self._size(path.stem), path.stem
            except FileNotFoundError:  # another process removed it
                continue

    def _size(self, name: str) -> int:
        document = self._document(name)
        tensors = document.with_suffix(".tensors")
        return document.stat().st_size + (tensors.stat().st_size if tensors.exists() else 0)

    def _document(self, name: str) -> Path:
        return self._objects / f"{name}.json"

    def _remove(self, name: str) -> None:
        for suffix in (".json", ".tensors"):
            (self._objects / name).with_suffix(suffix).unlink(missing_ok=True)


def _part(folder: Path) -> Path:
    return folder / f"{uuid.uuid4().hex}.part"


def _write(path: Path, document: Any) -> None:
    part = _part(path.parent)
    part.write_text(json.dumps(document))
    part.replace(path)
