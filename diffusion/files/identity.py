"""What tells one version of a model file from the next, and the hashes by which model sites know files."""

from __future__ import annotations

import hashlib
import os
import struct
from functools import lru_cache
from pathlib import Path

from diffusion.files.header import LONGEST_HEADER

EDGE = 1 << 16  # bytes looked at on either end of a file that is not a safetensors file


def identity(path: Path) -> str:
    """Change whenever the file, or PEFT's configuration beside it, is replaced. Reads no tensor.

    It is made of size, time and header.
    """
    status = os.stat(path)
    return _identity(os.fspath(path), status.st_size, status.st_mtime_ns, _configuration(path))


def _configuration(path: Path) -> str:
    """What tells one version of the configuration that an adapter of PEFT's needs from the next."""
    beside = path.with_name("adapter_config.json")
    if not path.name.startswith("adapter_model") or not beside.is_file():
        return ""
    status = os.stat(beside)
    return f"{status.st_size} {status.st_mtime_ns} "


@lru_cache(maxsize=4096)
def _identity(path: str, size: int, time: int, configuration: str) -> str:
    digest = hashlib.sha256(f"{size} {time} {configuration}".encode() + _header_digest(path, size))
    return digest.hexdigest()[:32]


def _header_digest(path: str, size: int) -> bytes:
    """Digest a safetensors header, or both ends of any other file; a zip file lists its checksums at its end."""
    with open(path, "rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if 2 <= length <= min(LONGEST_HEADER, size - 8):
            return hashlib.sha256(start + file.read(length)).digest()
        digest = hashlib.sha256(start + file.read(EDGE))
        file.seek(max(0, size - EDGE))
        digest.update(file.read(EDGE))
        return digest.digest()


def sha256(path: Path) -> str:
    """The SHA-256 of the whole file, in hexadecimal. Cached while the file stays as it is."""
    status = os.stat(path)
    return _sha256(os.fspath(path), status.st_size, status.st_mtime_ns, 0)


def autov2(path: Path) -> str:
    """The short hash model sites and pictures' metadata use: the first 10 digits of the file's SHA-256."""
    return sha256(path)[:10]


def autov3(path: Path) -> str:
    """The hash of a safetensors file's tensors without its header (12 digits), unchanged when metadata is edited."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
    status = os.stat(path)
    return _sha256(os.fspath(path), status.st_size, status.st_mtime_ns, 8 + length)[:12]


@lru_cache(maxsize=4096)
def _sha256(path: str, size: int, time: int, start: int) -> str:
    with open(path, "rb") as file:
        file.seek(start)
        return hashlib.file_digest(file, "sha256").hexdigest()
