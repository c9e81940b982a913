"""Files that people send: limited, looked at, and put into a folder whole under a name that nobody else has."""

import asyncio
import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from aiohttp import BodyPartReader

from diffusion.errors import DiffusionError
from diffusion.files.header import read_header
from server.containment import fit
from server.pictures import measure
from server.refusals import Refused, bad_request
from workflows.publishing import rename_to_unused

PICTURES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF", ".bmp": "BMP"} | {
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
ENDINGS = {form: ending for ending, form in reversed(PICTURES.items())}
LATENT, STYLES = ".latent", ".csv"
LARGEST_STYLES = 4 << 20  # bytes


@dataclass(frozen=True)
class Kept:
    """A file that was put into a folder; width and height where it is a picture."""

    name: str
    sha256: str
    bytes: int
    width: int | None = None
    height: int | None = None


@contextmanager
def pending(folder: Path) -> Iterator[Path]:
    """A name that nobody looks at; what still has it afterwards is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".pending-{uuid.uuid4().hex}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def chunks_of(part: BodyPartReader, size: int) -> AsyncIterator[bytes]:
    """What a part of a form holds, in pieces of so many bytes."""
    while chunk := await part.read_chunk(size):
        yield chunk


async def receive(chunks: AsyncIterator[bytes], path: Path, largest: int) -> str:
    """Write a file as it arrives and return its SHA-256. Raises Refused beyond ``largest`` bytes, or for nothing."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > largest:
                raise Refused(413, "too_large", f"this file is larger than {largest} bytes, the most that is taken")
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
    if not size:
        raise bad_request("this file is empty")
    return digest.hexdigest()


def no_room(error: OSError) -> Refused:
    """The disk does not take a file."""
    return Refused(507, "no_room", f"the file cannot be written: {error.strerror or 'the disk does not take it'}")


def keep(path: Path, digest: str, folder: Path, name: str, *, overwrite: bool, pixels: int) -> Kept:
    """Give a received file its name in a folder. Raises Refused for kinds of file that no node reads.

    The same content under the same name is the same file; another file of that name makes it ``name (1).png``.
    """
    size = path.stat().st_size
    name, width, height = _looked_at(path, name, pixels)
    if overwrite:
        os.replace(path, folder / name)
        return Kept(name, digest, size, width, height)
    stem, ending = PurePosixPath(name).stem, PurePosixPath(name).suffix
    for number in range(10_000):
        candidate = f"{stem} ({number}){ending}" if number else name
        if _is_same(folder / candidate, size, digest) or rename_to_unused(path, folder / candidate):
            return Kept(candidate, digest, size, width, height)
    raise Refused(409, "conflict", f"there are too many files called {name!r}")


def _looked_at(path: Path, name: str, pixels: int) -> tuple[str, int | None, int | None]:
    """The name that fits the content, and the size of a picture."""
    name = fit(name)
    ending = PurePosixPath(name).suffix.lower()
    if ending == LATENT:
        try:
            read_header(path, name)
        except DiffusionError as error:
            raise Refused(415, "no_latent", str(error)) from error
        return name, None, None
    if ending == STYLES:
        _check_styles(path)
        return name, None, None
    form, width, height = measure(path, pixels)
    if PICTURES.get(ending) != form:  # called otherwise than it is, as pasted pictures often are
        name = f"{PurePosixPath(name).stem if ending in PICTURES else name or 'picture'}{ENDINGS[form]}"
    return name, width, height


def _check_styles(path: Path) -> None:
    if path.stat().st_size > LARGEST_STYLES:
        raise Refused(413, "too_large", f"a table of styles has at most {LARGEST_STYLES} bytes")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(415, "no_text", "a table of styles must be text in UTF-8") from error
    if "\0" in text:
        raise Refused(415, "no_text", "a table of styles must be text in UTF-8")


def _is_same(path: Path, size: int, digest: str) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest
