"""The values of `diffusion` as the graph engine wants to know them: the engine's `Codecs`, filled in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffusion.codecs import dump, load, read, write
from diffusion.digest import digest, size
from workflows.outputs import SavedFile

SAVED = "saved file"


class NodeCodecs:
    """Digests, sizes and files of what travels between the built-in nodes, and of the files that they save."""

    digest = staticmethod(digest)
    size = staticmethod(size)
    write = staticmethod(write)
    read = staticmethod(read)

    def dump(self, value: Any) -> tuple[Any, Mapping[str, Any]] | None:
        """The value as JSON and named tensors; None when it cannot be stored."""
        if isinstance(value, SavedFile):
            return {SAVED: [value.name, str(value.root), value.kind]}, {}
        return dump(value)

    def load(self, document: Any, tensors: Mapping[str, Any]) -> Any:
        """What `dump` took apart."""
        if isinstance(document, dict) and SAVED in document:
            name, root, kind = document[SAVED]
            return SavedFile(name, Path(root), kind)
        return load(document, tensors)
