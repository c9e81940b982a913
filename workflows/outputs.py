"""The folders that results go to and inputs come from. Nothing is written outside, nothing half-written seen."""

import reprlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, Self

from PIL import Image

from graph.values import Artifact
from graph.workflow import NodeId
from workflows.document import Document
from workflows.exif import SUFFIXES, Form, fitting, write_jpeg, write_webp
from workflows.names import NameRefused, fill, path_parts
from workflows.parameters import HashOf, parameters_of, unknown_hash, write_parameters
from workflows.pictures import write_png
from workflows.publishing import Numbers, Pending, Publisher

STALE = 24 * 3600  # seconds after which nobody wants a pending file or a preview


class NotSaved(OSError):
    """A file could not be written. The message is a sentence for a user."""


@dataclass(frozen=True)
class SavedFile(Artifact):
    """A file that a node saved: its place inside its folder, with forward slashes, and where that folder is."""

    name: str
    root: Path
    kind: str = "output"

    @property
    def path(self) -> Path:
        return self.root / self.name

    def is_valid(self) -> bool:
        """Whether the file is still there; a deleted one is saved again by the next run."""
        return self.path.is_file()

    def __str__(self) -> str:
        return self.name


class OutputFolder:
    """Saves numbered files, ``prefix_00001_.png``, each of them whole or not at all."""

    kind = "output"

    def __init__(
        self,
        root: Path,
        counters: Path,
        document: Document,
        hash_of: HashOf = unknown_hash,
        publisher: Publisher | None = None,
    ):
        """``document`` answers ``%Node.input%`` and goes into pictures. ``publisher`` gives files their names; if there
        is none this process does, with ``counters`` as the database of numbers."""
        self.root = root
        self._publisher = Numbers(counters) if publisher is None else publisher
        self._document, self._hash_of = document, hash_of
        self._node, self._item, self._indices = "", 0, count()

    def at(self, node: NodeId, item: int) -> Self:
        """The same folder for one run of a node: whoever gives the names may know that run again."""
        placed = copy(self)
        placed._node, placed._item, placed._indices = node, item, count()
        return placed

    def save(
        self, prefix: str, suffix: str, write: Callable[[Path], object], *, known: Mapping[str, Any] | None = None
    ) -> SavedFile:
        """Let ``write`` fill a pending file, then give it the next free number. Raises NameRefused outside the folder.

        Raises NotSaved where nothing can be written. ``known`` fills tokens of the prefix: ``{"width": 512}`` for
        ``%width%``.
        """
        try:
            return self._save(prefix, suffix, write, known or {})
        except OSError as error:
            said = f"{prefix!r} cannot be saved into the {self.kind} directory: {error.strerror or error}"
            raise NotSaved(said) from error

    def _save(self, prefix: str, suffix: str, write: Callable[[Path], object], known: Mapping[str, Any]) -> SavedFile:
        folder, name = path_parts(fill(prefix, self._document, known, time.localtime()))
        directory = self._directory(folder, prefix)
        with _pending(directory, suffix) as pending:
            write(pending)
            index = next(self._indices)
            file = Pending(pending, self.kind, folder, name, suffix, self._node, self._item, index)
            return SavedFile(self._publisher.publish(file), self.root, self.kind)

    def save_png(
        self, picture: Image.Image, prefix: str, *, node: NodeId | None = None, known: Mapping[str, Any] | None = None
    ) -> SavedFile:
        """Save a picture with its workflow and its parameters inside; ``%width%`` and ``%height%`` are its own.

        ``node`` is the one that saves: the parameters are those of the sampler that it is reached from.
        """
        return self.save_picture(picture, prefix, "png", node=node, known=known)[0]

    def save_picture(
        self,
        picture: Image.Image,
        prefix: str,
        form: Form,
        quality: int = 90,
        *,
        node: NodeId | None = None,
        known: Mapping[str, Any] | None = None,
    ) -> tuple[SavedFile, tuple[str, ...]]:
        """The same in a form of one's choice. Also returns the names of the texts that it had no room for."""
        width, height = picture.size
        saving = node if node in self._document.workflow.nodes else None  # an expansion's node is in no document
        parameters = parameters_of(self._document, saving, size=picture.size, hash_of=self._hash_of)
        texts = self._document.chunks() | ({"parameters": write_parameters(parameters)} if parameters else {})
        known = {"width": width, "height": height} | dict(known or {})
        kept = fitting(texts, form)

        def write(path: Path) -> None:
            match form:
                case "png":
                    write_png(picture, path, kept)
                case "jpeg":
                    write_jpeg(picture, path, kept, quality)
                case "webp" | "webp lossless":
                    write_webp(picture, path, kept, quality, lossless=form == "webp lossless")

        saved = self.save(prefix, SUFFIXES[form], write, known=known)
        return saved, tuple(name for name in texts if name not in kept)

    def _directory(self, folder: PurePosixPath, prefix: str) -> Path:
        root = self.root.resolve()
        directory = (root / folder).resolve()  # a link inside the folder may lead out of it
        if not directory.is_relative_to(root):
            raise NameRefused(f"{prefix!r} leads outside the output directory")
        directory.mkdir(parents=True, exist_ok=True)
        return directory


class PreviewFolder(OutputFolder):
    """The same for pictures that are looked at and then forgotten: they go after a day."""

    kind = "temp"

    def save(
        self, prefix: str, suffix: str, write: Callable[[Path], object], *, known: Mapping[str, Any] | None = None
    ) -> SavedFile:
        _sweep(self.root, "*")
        return super().save(prefix, suffix, write, known=known)


def destination(inputs: Mapping[str, Any], resources: Mapping[type, Any]) -> str:
    """The fingerprint of a node that saves: into another folder the same thing is saved once more."""
    folders = (resources.get(OutputFolder), resources.get(PreviewFolder))
    return " ".join(str(folder.root) for folder in folders if folder is not None)


def prefix_fault(written: Mapping[str, Any], sockets: Mapping[str, str]) -> str:
    """For the check of a node that saves: what is wrong with the ``filename_prefix`` that is written into it."""
    prefix = written.get("filename_prefix")
    if isinstance(prefix, str):
        try:
            path_parts(prefix)
        except NameRefused as error:
            return str(error)
    return ""


class InputFolder:
    """The pictures a workflow may load, by names with forward slashes. Nothing outside the folder has a name."""

    def __init__(self, root: Path):
        self.root = root

    def names(
        self, suffixes: frozenset[str] = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tiff"})
    ) -> list[str]:
        """Files with one of these endings, in sub-folders too, sorted."""
        found = (path for path in self.root.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def path(self, name: str) -> Path:
        """The file of this name, either slash taken. Raises NameRefused if it is not in the folder."""
        root = self.root.resolve()
        try:
            path = (root / name.replace("\\", "/")).resolve()
            found = path.is_file()
        except (OSError, ValueError, RuntimeError) as error:  # too long, no name at all, or a loop of links
            raise NameRefused(f"{reprlib.repr(name)} is no name of a file") from error
        if not path.is_relative_to(root):
            raise NameRefused(f"{name!r} leads outside the input directory")
        if not found:
            raise NameRefused(f"{name!r} is not in the input directory")
        return path


@contextmanager
def _pending(directory: Path, suffix: str) -> Iterator[Path]:
    """A name nobody looks at; whatever still has it afterwards is removed, and so is what a crash left long ago."""
    _sweep(directory, ".pending-*")
    pending = directory / f".pending-{uuid.uuid4().hex}{suffix}"
    try:
        yield pending
    finally:
        pending.unlink(missing_ok=True)


def _sweep(directory: Path, pattern: str) -> None:
    """Remove files that nobody wants any more; another process may be quicker."""
    for left in directory.glob(pattern):
        with suppress(FileNotFoundError):
            if left.is_file() and time.time() - left.stat().st_mtime > STALE:
                left.unlink()
