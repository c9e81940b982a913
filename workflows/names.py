"""Names of files to save: ``portraits/%date:yyyy-MM-dd%/%KSampler.seed%`` as a path that every system can hold."""

import re
import time
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from workflows.document import Document
from workflows.trace import literal
from workflows.values import find_nodes

ILLEGAL = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')  # what Windows refuses in names, beside the two slashes
RESERVED = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?", re.IGNORECASE)
TOKEN = re.compile("%([^%]+)%")
LONGEST = 160  # bytes of one part of a path, so that number, suffix and a pending name still fit into 255
DATE = re.compile("yyyy|yy|MM|M|dd|d|hh|h|mm|m|ss|s")


class NameRefused(ValueError):
    """A name leads outside its folder, or is none. The message is a sentence for a user."""


def fill(prefix: str, document: Document, known: Mapping[str, Any], now: time.struct_time) -> str:
    """Replace the tokens of a prefix; one that means nothing stays as it was written.

    ``%date:…%`` (yyyy yy MM M dd d hh h mm m ss s), ``%year% %month% %day% %hour% %minute% %second%``,
    the ``known`` ones (``%width%`` …), and ``%NODE.INPUT%`` by id, title or class.
    """

    def value(match: re.Match[str]) -> str:
        found = _token(match[1], document, known, now)
        return match[0] if found is None else found

    return TOKEN.sub(value, prefix)


def path_parts(prefix: str) -> tuple[PurePosixPath, str]:
    """A prefix as (sub-folder, start of the file name), either slash taken. Raises NameRefused if it leads outside."""
    written = prefix.replace("\\", "/")
    parts = written.split("/")
    if written.startswith("/") or re.match("[A-Za-z]:", written) or ".." in [part.strip() for part in parts]:
        raise NameRefused(f"{prefix!r} leads outside the output directory; give a name, or sub-folders and a name")
    *folders, name = parts
    return PurePosixPath(*[_legal(part) for part in folders if part.strip(" .")]), _legal(name) if name else ""


def _token(text: str, document: Document, known: Mapping[str, Any], now: time.struct_time) -> str | None:
    if text == "date" or text.startswith("date:"):
        pattern = text.partition(":")[2] or "yyyyMMddhhmmss"
        return DATE.sub(lambda match: _date_part(match[0], now), pattern)
    if text in _CLOCK:
        return f"{getattr(now, _CLOCK[text]):02}"
    value = known.get(text)
    node, _, name = text.rpartition(".")
    if value is None and node and (found := find_nodes(document, node)):
        value = literal(document, found[0], name)
    return None if value is None else ILLEGAL.sub("_", re.sub(r"[/\\]", "_", str(value)))  # a value makes no folder


def _date_part(part: str, now: time.struct_time) -> str:
    value = getattr(
        now, {"y": "tm_year", "M": "tm_mon", "d": "tm_mday", "h": "tm_hour", "m": "tm_min", "s": "tm_sec"}[part[0]]
    )
    return f"{value % 100:02}" if part == "yy" else f"{value:0{len(part)}}"


def _legal(part: str) -> str:
    """A part of a path that Windows, macOS and Linux all take."""
    text = unicodedata.normalize(
        "NFC", part.encode("utf-8", "replace").decode()
    )  # half a surrogate pair is no character
    legal = ILLEGAL.sub("_", text).encode()[:LONGEST].decode("utf-8", "ignore").rstrip(" .")
    return f"{legal}_" if RESERVED.fullmatch(legal) else legal


_CLOCK = {
    "year": "tm_year",
    "month": "tm_mon",
    "day": "tm_mday",
    "hour": "tm_hour",
    "minute": "tm_min",
    "second": "tm_sec",
}
