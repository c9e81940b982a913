"""What a safetensors file holds, from its header alone: names, types, shapes and places. No tensor is read.

Format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from diffusion.errors import UnreadableFile

LONGEST_HEADER = 100_000_000  # bytes, the format's own limit
PICKLES = frozenset({".ckpt", ".pt", ".pth", ".bin"})
"""Endings of pickled files, which have no header."""
PICKLE = re.compile(rb"PK\x03\x04|\x80[\x02-\x05][^\0]")
"""How zipped and plain pickles start."""
BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "I64": 64,
    "U64": 64,
    "F64": 64,
}


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """Where a tensor lies: ``start`` and ``end`` are bytes from the start of the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """Names and places of all tensors, and what the file says about itself."""

    tensors: Mapping[str, TensorEntry]
    metadata: Mapping[str, str] = field(default_factory=dict)
    data_start: int = 0
    name: str = "The file"
    """The portable name by which errors call it."""

    def shape(self, name: str) -> tuple[int, ...]:
        return self.tensors[name].shape


def read_header(path: Path, name: str = "") -> Header:
    """Read and check the header; every tensor it lists lies within the file.

    ``name`` is the portable name used in errors. Raises UnreadableFile.
    """
    name = name or path.name
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8)
        refuse_other_files(start, size, name)
        _refuse_other_formats(start, name)
        (length,) = struct.unpack("<Q", start)
        if not 2 <= length <= min(LONGEST_HEADER, size - 8):
            raise UnreadableFile(f"{name} is not a safetensors file, or it is truncated: its header cannot be read.")
        text = file.read(length)
    try:
        listing = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{name} is not a safetensors file: its header is not JSON.") from error
    if not isinstance(listing, dict):
        raise UnreadableFile(f"{name} is not a safetensors file: its header lists no tensors.")
    metadata = listing.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise UnreadableFile(f"{name} is not a safetensors file: its header's metadata is malformed.")
    data_start = 8 + length
    tensors = {key: _entry(key, value, data_start, name) for key, value in listing.items()}
    end = max((entry.end for entry in tensors.values()), default=data_start)
    if end > size:
        raise UnreadableFile(
            f"{name} is truncated: it should have {end:,} bytes and has {size:,}. Download or copy it again."
        )
    return Header(tensors, {str(key): str(value) for key, value in metadata.items()}, data_start, name)


def refuse_other_files(start: bytes, size: int, name: str) -> None:
    """Raise UnreadableFile for what downloads leave behind instead of a model, told by a file's first bytes."""
    text = start.lstrip().lower()
    if size == 0:
        raise UnreadableFile(f"{name} is empty. Download or copy it again.")
    if text.startswith((b"<!doc", b"<html", b"<?xml", b"<head", b"<body")):
        raise UnreadableFile(f"{name} is a web page, not a model: the download got an error page instead of the file.")
    if start.startswith(b"version "):
        raise UnreadableFile(f"{name} is a Git LFS pointer, not a model: fetch the file itself with `git lfs pull`.")
    if size < 10:
        raise UnreadableFile(f"{name} is truncated: it has only {size} bytes. Download or copy it again.")


def _refuse_other_formats(start: bytes, name: str) -> None:
    if PICKLE.match(start):
        raise UnreadableFile(f"{name} is a pickled file under another name: rename it to end in .ckpt or .pt.")
    if start.startswith(b"GGUF"):
        raise UnreadableFile(f"{name} is a GGUF file, which this version cannot read. Use a .safetensors file.")


def _entry(key: str, value: Any, data_start: int, name: str) -> TensorEntry:
    try:
        dtype, shape, (start, end) = value["dtype"], tuple(value["shape"]), value["data_offsets"]
        well_formed = isinstance(dtype, str) and all(type(n) is int and n >= 0 for n in (*shape, start, end))
    except (KeyError, TypeError, ValueError):
        well_formed = False
    if not well_formed:
        raise UnreadableFile(f"{name} is not a safetensors file: its header's entry {key!r} is malformed.")
    bits = BITS.get(dtype)
    if bits is not None and (end - start) * 8 != prod(shape) * bits:
        raise UnreadableFile(f"{name} is damaged: the size of {key!r} does not fit its shape {list(shape)}.")
    return TensorEntry(dtype, shape, data_start + start, data_start + end)
