"""Adapter files in memory: read whole, checked once, the most recently used ones kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import torch
from torch import Tensor

from diffusion.adapters.alphas import Configs, configs_of
from diffusion.errors import UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.files.header import Header
from diffusion.files.identity import identity
from diffusion.handle import FileRef
from diffusion.weights import open_weights

BUDGET = 1 << 30  # bytes of adapter tensors that are kept for the next use


@dataclass(frozen=True, slots=True, eq=False)
class LoadedFile:
    """An adapter file's tensors as stored, all finite, and the configuration beside it."""

    header: Header
    tensors: Mapping[str, Tensor]
    configs: Configs

    @property
    def size(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors.values())


class LoadedFiles:
    """The last adapter files that were used, within a budget of bytes; the newest one always stays."""

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        self._files: OrderedDict[FileRef, LoadedFile] = OrderedDict()
        self._lock = Lock()

    def get(self, folders: ModelFolders, file: FileRef) -> LoadedFile:
        """Read a file, or find it. Raises UnreadableFile as `load` does."""
        with self._lock:
            if file not in self._files:
                self._files[file] = load(folders.path(file), file)
            self._files.move_to_end(file)
            loaded = self._files[file]
            while len(self._files) > 1 and sum(kept.size for kept in self._files.values()) > self.budget:
                self._files.popitem(last=False)
            return loaded

    def forget(self) -> None:
        """Drop everything that is kept."""
        with self._lock:
            self._files.clear()


def load(path: Path, file: FileRef) -> LoadedFile:
    """Read every tensor. Raises UnreadableFile for NaN, infinity and files that are not what the reference names."""
    name = file.path
    if identity(path) != file.identity:
        raise UnreadableFile(f"{name} was replaced after the workflow had looked at it. Run the workflow again.")
    source = open_weights(path, name)
    try:
        tensors = {key: source.read(key) for key in source.header.tensors}
    finally:
        source.close()
    spoilt = [key for key, tensor in tensors.items() if not _finite(tensor)]
    if spoilt:
        raise UnreadableFile(
            f"{name} holds NaN or infinity in {len(spoilt)} of its {len(tensors)} tensors, first in {spoilt[0]!r}: "
            "its training went wrong, or it was damaged. Use another version of it."
        )
    return LoadedFile(source.header, tensors, configs_of(source.header.metadata, path, name))


def _finite(tensor: Tensor) -> bool:
    if not tensor.is_floating_point():
        return True
    return bool(torch.isfinite(tensor if tensor.itemsize > 1 else tensor.float()).all())


LOADED = LoadedFiles()
"""This process's adapter files."""
