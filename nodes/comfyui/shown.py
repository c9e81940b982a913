"""What public classes return under ``ui``, as results that our engine shows."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from graph.values import Artifact
from workflows.lenient_json import write_json
from workflows.outputs import SavedFile

FILES = "images"
LARGEST = 1 << 20  # characters: each goes to every client and into the history


@dataclass(frozen=True)
class ShownValues(Artifact):
    """Values to be shown at the node as they are, in the public shape: ``{"text": ["…"]}``."""

    text: str
    """JSON."""

    def values(self) -> Mapping[str, Any]:
        shown: Mapping[str, Any] = json.loads(self.text)
        return shown

    def __str__(self) -> str:
        said = self.values().get("text")
        return "\n".join(map(str, said)) if isinstance(said, list) else str(said or self.text)


def shown(ui: Mapping[str, Any], folders: Sequence[Any]) -> list[Artifact]:
    """Artifacts for what a class wants shown: files in our folders, and the rest as it is."""
    roots: dict[str, Path] = {getattr(folder, "kind", "input"): folder.root for folder in folders}
    found: list[Artifact] = [
        SavedFile((PurePosixPath(entry.get("subfolder") or "") / entry["filename"]).as_posix(), roots[kind], kind)
        for entry in ui.get(FILES, ())
        if isinstance(entry, Mapping) and (kind := entry.get("type", "output")) in roots and "filename" in entry
    ]
    rest = {str(name): value for name, value in ui.items() if name != FILES}
    if rest:
        text = write_json(json.loads(json.dumps(rest, default=_digest_of, skipkeys=True)))
        if len(text) > LARGEST:
            raise ValueError(f"it shows {len(text):,} characters beside its pictures; {LARGEST:,} are the most")
        found.append(ShownValues(text))
    return found


def _digest_of(value: Any) -> str:
    """Something in place of what JSON has no form for, equal for equal values."""
    return f"{type(value).__name__} {hashlib.sha256(repr(value).encode()).hexdigest()[:12]}"
