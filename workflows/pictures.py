"""Pictures that carry their workflow: opening one, and what to write into one.

A PNG of ours has the texts ``prompt`` (the public API format), ``patchbay`` (our document), ``parameters`` (for people
and for model sites), and ``workflow`` (the public editor's own format) only where the source had it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from workflows.document import Document, read_document, refused
from workflows.parameters import Parameters, read_parameters
from workflows.png import SIGNATURE, read_texts
from workflows.recreate import recreate

CARRIERS = ("patchbay", "prompt")  # in the order of trust


def open_document(path: Path) -> Document:
    """The document of a file. Never raises for what is inside; OSError when it cannot be read at all."""
    with path.open("rb") as file:
        return read_any(file, path.name)


def read_any(file: BinaryIO, name: str) -> Document:
    """The document of JSON, of a PNG, JPEG or WebP picture that carries one, or of a text of parameters.

    ``name`` is what problems call the file. Never raises for what is inside.
    """
    start = file.read(12)
    file.seek(0)
    if not is_picture(start):
        source = file.read()
        document = read_document(source)
        unread = any(problem.code == "bad_json" for problem in document.problems)
        parameters = read_parameters(source.decode("utf-8", "replace")) if unread else Parameters()
        return recreate(parameters) if parameters.settings else document
    texts = picture_texts(file)
    for carrier in CARRIERS:
        if carrier in texts:
            document = read_document(texts[carrier])
            return Document(document.members, document.problems, document.workflow, texts.get("workflow"))
    if "workflow" in texts:
        return read_document(texts["workflow"])
    if "parameters" in texts:
        parameters = read_parameters(texts["parameters"])
        if parameters.settings:
            return recreate(parameters)
        return refused("no_workflow", f"{name} carries a prompt as text, but neither settings nor a workflow")
    return refused("no_workflow", f"{name} carries no workflow; many sites and messengers remove it from pictures")


def is_picture(start: bytes) -> bool:
    """Whether a file that starts like this is a PNG, JPEG or WebP picture; 12 bytes tell."""
    return start.startswith((SIGNATURE, b"\xff\xd8\xff")) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def picture_texts(file: BinaryIO) -> dict[str, str]:
    """All texts that a picture carries: PNG chunks, or ``name:text`` and the user comment of EXIF."""
    start = file.read(len(SIGNATURE))
    file.seek(0)
    if start == SIGNATURE:
        return read_texts(file)
    try:
        with Image.open(file, formats=("JPEG", "WEBP")) as picture:
            exif = picture.getexif()
            comment = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
    except Exception:  # a damaged picture fails in as many ways as there are formats, and carries nothing
        return {}
    texts = {}
    for value in exif.values():
        name, colon, text = value.partition(":") if isinstance(value, str) else ("", "", "")
        if colon and name.isidentifier():
            texts[name] = text.rstrip("\0")
    if isinstance(comment, bytes) and len(comment) > 8:
        texts["parameters"] = _user_comment(comment)
    return texts


def write_png(picture: Image.Image, path: Path | BinaryIO, texts: Mapping[str, str]) -> None:
    """Write a PNG with texts, Latin-1 ones as tEXt, all others as iTXt."""
    chunks = PngInfo()
    for keyword, text in texts.items():
        chunks.add_text(keyword, text.replace("\0", "").encode("utf-8", "replace").decode())
    picture.save(path, "PNG", pnginfo=chunks, compress_level=4)


def _user_comment(comment: bytes) -> str:
    """EXIF says in eight bytes how the rest is encoded."""
    encoding, text = comment[:8], comment[8:]
    if encoding == b"UNICODE\0":
        little = text[1:2] == b"\0"  # the standard does not say which end comes first
        return text.decode("utf-16-le" if little else "utf-16-be", "replace").rstrip("\0")
    return text.decode("utf-8", "replace").rstrip("\0")
