"""Names from outside as files inside a folder, on every system: nothing else has a name."""

import re
import unicodedata
from pathlib import Path

from server.refusals import Refused, bad_request, not_found
from workflows.names import RESERVED

LONGEST_NAME = 500  # characters of a name with its folders
LONGEST_PART = 200  # bytes of one part, so that a number or a pending name still fits
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\\:]")  # the colon: drives and streams of Windows
UNFIT = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff<>:"|?*]')

KINDS = ("input", "output", "temp")


def find(root: Path, name: str) -> Path:
    """The file of this name below a folder. Raises Refused: names that lead out mean nothing, as what is not there."""
    try:
        check_name(name)
        inside = root.resolve()
        path = (inside / name).resolve()
        found = path.is_relative_to(inside) and path.is_file()
    except (Refused, OSError, ValueError, RuntimeError):  # no name at all, too long for this system, a loop of links
        found = False
    if not found:
        raise not_found(f"there is no file {name[:100]!r} in this folder")
    return path


def check_name(name: str) -> None:
    """Raise Refused for a name that leads out of a folder, or is none on some system."""
    if not name or len(name) > LONGEST_NAME:
        raise bad_request(f"a name has 1 to {LONGEST_NAME} characters")
    if FORBIDDEN.search(name):
        raise Refused(
            400, "bad_name", "a name holds no backslash, colon or control character; folders are divided by /"
        )
    for part in name.split("/"):
        if part in ("", ".", "..") or part != part.rstrip(" .") or part.startswith(" ") or RESERVED.fullmatch(part):
            raise Refused(400, "bad_name", f"{part[:60]!r} is no name of a file or folder on every system")
        if len(part.encode()) > LONGEST_PART:
            raise Refused(400, "bad_name", f"a part of a name has at most {LONGEST_PART} bytes")


def fit(name: str) -> str:
    """The last part of a name from somebody's disk as one that every system takes; "" if nothing is left of it."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", UNFIT.sub("_", name)))[-1].strip(" .")
    stem, dot, ending = last.rpartition(".")
    if dot:
        last = f"{_cut(stem, LONGEST_PART - len(ending.encode()) - 1)}.{ending}"
    last = _cut(last, LONGEST_PART)
    return f"_{last}" if RESERVED.fullmatch(last) else last


def _cut(text: str, size: int) -> str:
    return text.encode()[: max(0, size)].decode("utf-8", "ignore").strip(" .")
