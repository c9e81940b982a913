"""Old model files (.ckpt, .pt): pickles, of which only tensors, containers and a few inert names are accepted.

Reading goes through torch's ``weights_only`` unpickler, which runs no code from the file.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from diffusion.device import is_out_of_memory
from diffusion.errors import UnreadableFile
from diffusion.files.header import Header, TensorEntry, refuse_other_files
from diffusion.weights import DTYPES, NAMES, PositionedFile, WeightSource, file_version, refuse_changed


class Inert:
    """Stands for a class that trainers leave in their files: it can be made and does nothing."""

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...


INERT = (
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "pytorch_lightning.callbacks.early_stopping.EarlyStopping",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint",
    "lightning_fabric.utilities.data.AttributeDict",
    "argparse.Namespace",
    "omegaconf.dictconfig.DictConfig",
    "omegaconf.listconfig.ListConfig",
    "omegaconf.base.ContainerMetadata",
    "omegaconf.base.Metadata",
    "omegaconf.nodes.AnyNode",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.ndarray",
    "numpy.dtype",
    "_codecs.encode",
    "typing.Any",
    "builtins.dict",
    "builtins.list",
    "builtins.int",
    "__builtin__.dict",
    "__builtin__.list",
    "__builtin__.int",
)
"""What trainers' callbacks and logged numbers bring along. Any other name is refused."""


def open_pickle(path: Path, name: str) -> WeightSource:
    """Open a pickled file. Tensors of the zipped format are read on demand, those of the format before it at once."""
    with path.open("rb") as file:
        start = file.read(16)
    refuse_other_files(start, path.stat().st_size, name)
    if start[8:9] == b"{":
        raise UnreadableFile(f"{name} is a safetensors file under another name: rename it to end in .safetensors.")
    if zipfile.is_zipfile(path):
        tensors, facts = _flatten(_load(path, name, "meta"), name)
        if _is_plain(path, tensors.values()):
            entries = {key: _entry(value) for key, value in tensors.items()}
            return PositionedFile(path, Header(entries, facts, name=name))
    return WholePickle(path, name)


class WholePickle:
    """A pickle that can only be read all at once: that is done when a tensor is asked for, until it is released."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name, self._version = path, name, file_version(path)
        self._tensors, facts = self._load()
        entries = {
            key: TensorEntry(NAMES[value.dtype], tuple(value.shape), 0, 0) for key, value in self._tensors.items()
        }
        self.header = Header(entries, facts, name=name)

    def read(self, name: str, rows: tuple[int, int] | None = None) -> Tensor:
        tensor = self._tensor(name)
        return (tensor if rows is None else tensor[slice(*rows)]).clone()

    def copy_into(self, target: Tensor, name: str) -> None:
        target.copy_(self._tensor(name).reshape(target.shape))

    def release(self, *, pages: bool) -> None:
        self._tensors = {}

    def close(self) -> None:
        self._tensors = {}

    def _tensor(self, name: str) -> Tensor:
        if name not in self.header.tensors:
            raise UnreadableFile(f"{self._name} has no tensor {name!r}.")
        if not self._tensors:
            self._tensors, _ = self._load()
        return self._tensors[name]

    def _load(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        refuse_changed(self._path, self._version, self._name)
        return _flatten(_load(self._path, self._name, "cpu"), self._name)


def _load(path: Path, name: str, location: str) -> Any:
    try:
        with torch.serialization.safe_globals([(Inert, full_name) for full_name in INERT]):
            return torch.load(path, map_location=location, weights_only=True)
    except UnpicklingError as error:
        wanted = re.search(r"GLOBAL (\S+)", str(error))
        if wanted:
            raise UnreadableFile(
                f"{name} wants to run {wanted[1]} while it is opened. It was refused: such a file can take over the "
                "computer. Use a .safetensors file, or one from somebody you trust."
            ) from error
        raise UnreadableFile(f"{name} is not a model file, or it is damaged: it cannot be unpickled.") from error
    except Exception as error:  # a hostile or broken file can make the unpickler stumble in any way
        if is_out_of_memory(error):
            raise
        raise UnreadableFile(f"{name} is damaged: it cannot be unpickled ({error}).") from error


def _flatten(loaded: Any, name: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors under dotted names, and the strings and numbers of the outermost level."""
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    tensors: dict[str, Tensor] = {}
    facts: dict[str, str] = {}
    pending: list[tuple[str, Any]] = [("", loaded)]
    seen: set[int] = set()  # a container may hold itself
    while pending:
        prefix, value = pending.pop()
        if isinstance(value, Mapping | list | tuple):
            if id(value) in seen:
                continue
            seen.add(id(value))
        if isinstance(value, Tensor):
            if value.layout is not torch.strided or value.dtype not in DTYPES.values():
                raise UnreadableFile(f"{name}: {prefix!r} is stored as {value.dtype}, which cannot be read.")
            tensors[prefix] = value.detach()
        elif isinstance(value, Mapping):
            pending += [(f"{prefix}.{key}" if prefix else str(key), part) for key, part in value.items()]
        elif isinstance(value, list | tuple):
            pending += [(f"{prefix}.{place}" if prefix else str(place), part) for place, part in enumerate(value)]
        elif isinstance(value, str | int | float) and "." not in prefix:
            facts[prefix] = str(value)
    if not tensors:
        raise UnreadableFile(f"{name} holds no tensors.")
    return tensors, facts


def _is_plain(path: Path, tensors: Iterable[Tensor]) -> bool:
    """Whether every tensor lies in the file as it lies in memory."""
    with zipfile.ZipFile(path) as archive:
        stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        order = [archive.read(entry) for entry in archive.infolist() if entry.filename.endswith("/byteorder")]
    size = path.stat().st_size
    return (
        stored
        and all(text.decode() == sys.byteorder for text in order)
        and all(tensor.is_contiguous() and _entry(tensor).end <= size for tensor in tensors)
    )


def _entry(tensor: Tensor) -> TensorEntry:
    """Where a tensor that was loaded onto "meta" lies in its file."""
    place: int = tensor.untyped_storage()._checkpoint_offset  # type: ignore[assignment]
    start = place + int(tensor.storage_offset()) * tensor.element_size()
    return TensorEntry(NAMES[tensor.dtype], tuple(tensor.shape), start, start + int(tensor.nbytes))
