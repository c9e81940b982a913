"""The text inside PNG files, read without decoding a single pixel."""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST = 256 << 20  # bytes of all texts together, unpacked: a few kilobytes could otherwise fill any memory


def read_texts(file: BinaryIO) -> dict[str, str]:
    """Every text of a PNG file by its keyword. A file that was cut short gives what came before."""
    if file.read(len(SIGNATURE)) != SIGNATURE:
        raise ValueError("this is not a PNG file")
    texts: dict[str, str] = {}
    room = LARGEST
    for kind, data in _chunks(file):
        keyword, _, rest = data.partition(b"\0")
        encoding = "latin-1"
        if kind == b"zTXt":
            rest = _unpacked(rest[1:], room)
        elif kind == b"iTXt":
            packed, rest, encoding = rest[:1] == b"\1", rest[2:], "utf-8"
            body = rest.split(b"\0", 2)[-1]  # after the language and the translated keyword
            rest = _unpacked(body, room) if packed else body
        texts[keyword.decode("latin-1")] = rest.decode(encoding, "replace")
        room -= len(rest)
        if room <= 0:
            break
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


def _unpacked(data: bytes, longest: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, longest)
    except zlib.error:
        return b""
