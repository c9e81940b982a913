"""JPEG and WebP pictures with texts in their EXIF fields, where other programs look for them.

``parameters`` is the user comment, in UTF-16. Every other text stands as ``name:text`` in a field of its own:
``prompt`` in 0x0110, ``workflow`` in 0x010F, ``patchbay`` in 0x010E.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from PIL import ExifTags, Image

Form = Literal["png", "jpeg", "webp", "webp lossless"]
SUFFIXES: Mapping[Form, str] = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "webp lossless": ".webp"}
FIELDS = {"prompt": 0x0110, "workflow": 0x010F, "patchbay": 0x010E}
LARGEST_IN_JPEG = 65_533  # bytes: the format gives EXIF one segment
DISPENSABLE = ("workflow", "patchbay", "prompt", "parameters")  # what a JPEG without room goes without, first one first


def fitting(texts: Mapping[str, str], form: Form) -> dict[str, str]:
    """Those of the texts that a file of this form has room for."""
    kept = dict(texts)
    for name in DISPENSABLE if form == "jpeg" else ():
        if len(_exif(kept).tobytes()) <= LARGEST_IN_JPEG:
            break
        kept.pop(name, None)
    return kept


def write_jpeg(picture: Image.Image, path: Path, texts: Mapping[str, str], quality: int) -> None:
    """Write a JPEG, with white behind what is transparent; ``texts`` must fit."""
    if picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    picture.convert("RGB").save(path, "JPEG", quality=quality, optimize=True, exif=_exif(texts))


def write_webp(picture: Image.Image, path: Path, texts: Mapping[str, str], quality: int, *, lossless: bool) -> None:
    """Write a WebP; when it is lossless, ``quality`` is the effort."""
    picture.save(path, "WEBP", quality=quality, lossless=lossless, exact=lossless, exif=_exif(texts))


def _exif(texts: Mapping[str, str]) -> Image.Exif:
    exif = Image.Exif()
    for name, field in FIELDS.items():
        if name in texts:
            exif[field] = f"{name}:{texts[name]}"
    if "parameters" in texts:
        comment = b"UNICODE\0" + texts["parameters"].encode("utf-16-be", "replace")
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = comment
    return exif
