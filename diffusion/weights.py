"""Tensors of a model file, by name and on demand, whatever the file's format.

Files are read at positions, never mapped: a mapped file that somebody truncates kills the process.
"""

from __future__ import annotations

import os
import threading
from math import prod
from pathlib import Path
from typing import Protocol, Self

import torch
from torch import Tensor

from diffusion.errors import UnreadableFile
from diffusion.files.header import PICKLES, Header, read_header

DTYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}
CHUNK = 1 << 22  # bytes converted at a time: small enough for a cache, large enough for a disk
NAMES = {dtype: name for name, dtype in DTYPES.items()}


class WeightSource(Protocol):
    """A model file: its header, and its tensors one at a time."""

    @property
    def header(self) -> Header: ...

    def read(self, name: str, rows: tuple[int, int] | None = None) -> Tensor:
        """One tensor as it is stored, in memory of its own; ``rows`` is a range of its first axis."""

    def copy_into(self, target: Tensor, name: str) -> None:
        """Fill memory that is there already with a tensor of as many numbers, converted to its number format."""

    def release(self, *, pages: bool) -> None:
        """Give back the memory the file takes; with ``pages`` also what the operating system keeps of it."""

    def close(self) -> None: ...


def open_weights(path: Path, name: str = "") -> WeightSource:
    """Open a model file; only its header is read. Raises UnreadableFile, naming it by ``name``."""
    name = name or path.name
    if path.suffix.lower() in PICKLES:
        from diffusion.pickles import open_pickle

        return open_pickle(path, name)
    return PositionedFile(path, read_header(path, name))


class PositionedFile:
    """Tensors that lie in a file as plain bytes, read with the descriptor kept open."""

    def __init__(self, path: Path, header: Header) -> None:
        self.header = header
        self._path, self._name = path, header.name
        self._file = path.open("rb", buffering=0)
        self._lock = threading.Lock()
        self._version = _version(os.fstat(self._file.fileno()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, name: str, rows: tuple[int, int] | None = None) -> Tensor:
        dtype, shape, start = self._place(name)
        if rows is not None:
            row = prod(shape[1:]) * dtype.itemsize
            first, last, _ = slice(*rows).indices(shape[0])
            start, shape = start + first * row, (last - first, *shape[1:])
        tensor = torch.empty(shape, dtype=dtype)
        if tensor.numel():
            self._read_into(tensor, start, name)
        return tensor

    def copy_into(self, target: Tensor, name: str) -> None:
        dtype, _, start = self._place(name)
        numbers, step = target.view(-1), CHUNK // dtype.itemsize
        chunk = torch.empty(min(step, len(numbers)), dtype=dtype)
        for first in range(0, len(numbers), step):
            part = numbers[first : first + step]
            self._read_into(chunk[: len(part)], start + first * dtype.itemsize, name)
            part.copy_(chunk[: len(part)])

    def release(self, *, pages: bool) -> None:
        if pages and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        self._file.close()

    def _place(self, name: str) -> tuple[torch.dtype, tuple[int, ...], int]:
        entry = self.header.tensors.get(name)
        if entry is None:
            raise UnreadableFile(f"{self._name} has no tensor {name!r}.")
        if entry.dtype not in DTYPES:
            raise UnreadableFile(f"{self._name}: {name!r} is stored as {entry.dtype}, which this version cannot read.")
        return DTYPES[entry.dtype], entry.shape, entry.start

    def _read_into(self, tensor: Tensor, start: int, name: str) -> None:
        target = memoryview(tensor.view(-1).view(torch.uint8).numpy().data)
        with self._lock:
            refuse_changed(self._path, self._version, self._name)
            self._file.seek(start)
            done = 0
            while done < len(target):
                count = self._file.readinto(target[done:])
                if not count:
                    raise UnreadableFile(f"{self._name} is truncated: {name!r} cannot be read. Copy it again.")
                done += count


def refuse_changed(path: Path, version: tuple[int, int, int], name: str) -> None:
    """Raise UnreadableFile unless a file is the one that had this version."""
    if not path.exists() or file_version(path) != version:
        raise UnreadableFile(f"{name} was replaced or changed while in use. Run the workflow again.")


def file_version(path: Path) -> tuple[int, int, int]:
    """What changes when a file is replaced, truncated or written to."""
    return _version(os.stat(path))


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
