"""The text inside PNG files, read without decoding a single pixel."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST = 256 << 20  # bytes of one text, unpacked


def read_texts(path: Path) -> dict[str, str]:
    """Every text of a PNG file by its keyword. A file that was cut short gives what came before."""
    texts = {}
    with path.open("rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            raise ValueError("this is not a PNG file")
        for kind, data in _chunks(file):
            keyword, _, rest = data.partition(b"\0")
            if kind == b"tEXt":
                texts[keyword.decode("latin-1")] = rest.decode("latin-1")
            elif kind == b"zTXt":
                texts[keyword.decode("latin-1")] = _unpacked(rest[1:]).decode("latin-1")
            elif kind == b"iTXt":
                packed, rest = rest[:1] == b"\1", rest[2:]
                body = rest.split(b"\0", 2)[-1]  # after the language and the translated keyword
                texts[keyword.decode("latin-1")] = (_unpacked(body) if packed else body).decode("utf-8", "replace")
    return texts


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The text chunks; all others are stepped over."""
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in (b"tEXt", b"zTXt", b"iTXt") and length <= LARGEST:
            yield kind, file.read(length)
        else:
            file.seek(length, 1)
        file.seek(4, 1)  # the check sum: a wrong one does not make the text worse


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, LARGEST)
    except zlib.error:
        return b""
