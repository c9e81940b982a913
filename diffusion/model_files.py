"""Model files that handles refer to, kept open: their headers, families and tensors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock

from diffusion.errors import UnreadableFile
from diffusion.families.detection import family_named
from diffusion.families.family import Family, Target
from diffusion.files.folders import ModelFolders
from diffusion.files.header import Header
from diffusion.files.identity import identity
from diffusion.handle import Component, FileRef
from diffusion.weights import WeightSource, open_weights

MOST_OPEN = 64
"""More than any merge has parts: a file that is being read from is never closed."""


@dataclass(slots=True)
class ModelFile:
    """An open file, seen as a model of a family."""

    source: WeightSource
    family: Family
    _targets: dict[Component, Mapping[str, Target]] = field(default_factory=dict)

    @property
    def header(self) -> Header:
        return self.source.header

    def targets(self, component: Component) -> Mapping[str, Target]:
        """Every weight of a component by canonical name."""
        if component not in self._targets:
            self._targets[component] = self.family.targets(component, self.header)
        return self._targets[component]


class ModelFiles:
    """Opens files on demand; the least recently used one is closed when there are many."""

    def __init__(self, folders: ModelFolders) -> None:
        self._folders = folders
        self._lock = RLock()
        self._open: OrderedDict[tuple[FileRef, str], ModelFile] = OrderedDict()

    def open(self, file: FileRef, family: str) -> ModelFile:
        """The file a reference means. Raises UnreadableFile where it was replaced since the reference was made."""
        path = self._folders.path(file)
        with self._lock:
            return self._current(path, file, family)

    def _current(self, path: Path, file: FileRef, family: str) -> ModelFile:
        if identity(path) != file.identity:
            self.close(file)
            raise UnreadableFile(f"{file.path} was replaced since the workflow looked at it. Run the workflow again.")
        key = (file, family)
        if key not in self._open:
            source = open_weights(path, file.path.partition("/")[2])
            self._open[key] = ModelFile(source, family_named(family))
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)[1].source.close()
        self._open.move_to_end(key)
        return self._open[key]

    def release(self, *, pages: bool) -> None:
        """Give back the memory files take; with ``pages`` also what the operating system keeps of them."""
        for opened in self._open.values():
            opened.source.release(pages=pages)

    def close(self, file: FileRef | None = None) -> None:
        """Close one file, or all."""
        for key in [key for key in self._open if file in (None, key[0])]:
            self._open.pop(key).source.close()
