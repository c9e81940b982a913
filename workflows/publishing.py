"""Giving a finished file its name: the next free number, never one that somebody has."""

import hashlib
import mimetypes
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from PIL import Image, UnidentifiedImageError

from graph.workflow import NodeId
from workflows.counters import Counters


@dataclass(frozen=True, slots=True)
class Pending:
    """A file that is whole and wants a name: ``<folder>/<stem>_00001_<suffix>`` in the folder of its kind."""

    path: Path
    """Where it is now, in the directory that it stays in."""
    kind: str
    folder: PurePosixPath
    stem: str
    suffix: str
    node: NodeId = ""
    item: int = 0
    index: int = 0
    """The how manyth file this run of the node saves into folders of this kind."""

    def to_json(self) -> dict[str, Any]:
        """What another process needs to know to give it its name."""
        return {
            "pending": self.path.name,
            "kind": self.kind,
            "folder": self.folder.as_posix(),
            "stem": self.stem,
            "suffix": self.suffix,
            "node": self.node,
            "item": self.item,
            "index": self.index,
        }


class Publisher(Protocol):
    """Whoever gives names to files."""

    def publish(self, file: Pending) -> str:
        """Give a file its name, and return that, with forward slashes inside its folder. Raises OSError."""
        ...


class Numbers:
    """Gives the next free number of a series; several processes may share the database of numbers."""

    def __init__(self, counters: Path):
        self._counters = Counters(counters)

    def publish(self, file: Pending, intend: Callable[[str], None] = lambda name: None) -> str:
        """As `Publisher` says. ``intend`` hears each name before it is tried."""
        directory = file.path.parent
        last_used = lambda: _last_used(directory, file.stem)
        with self._counters.next(str(directory / file.stem), last_used) as number:
            while True:
                name = _numbered(file.stem, number.value, file.suffix)
                intend(str(file.folder / name))
                if rename_to_unused(file.path, directory / name):
                    return str(file.folder / name)
                number.value = 1 + max(number.value, last_used())


def describe_file(path: Path) -> dict[str, Any]:
    """``sha256``, ``bytes``, ``media_type`` and, of a picture, ``width`` and ``height``. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    described: dict[str, Any] = {"sha256": digest, "bytes": size, "media_type": media_type}
    if media_type.startswith("image/"):
        try:
            with Image.open(path) as picture:
                described |= {"width": picture.width, "height": picture.height}
        except UnidentifiedImageError:
            pass  # its name says picture, and it is none that is known here
    return described


def rename_to_unused(pending: Path, path: Path) -> bool:
    """Give a finished file its name unless somebody has it."""
    try:
        os.link(pending, path)
    except FileExistsError:
        return False
    except OSError:  # this file system has no hard links: hold the name with an empty file, then take its place
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return False
        os.replace(pending, path)
    return True


def _numbered(name: str, number: int, suffix: str) -> str:
    return f"{name}_{number:05}_{suffix}" if name else f"{number:05}_{suffix}"


def _last_used(directory: Path, name: str) -> int:
    pattern = re.compile(re.escape(f"{name}_" if name else "") + r"(\d+)_?\..*", re.IGNORECASE)
    numbers = [int(match[1]) for entry in os.scandir(directory) if (match := pattern.fullmatch(entry.name))]
    return max(numbers, default=0)
