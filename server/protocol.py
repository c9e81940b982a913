"""How the server and its workers talk: frames over pipes, each a JSON message and the bytes that go with it.

A frame is two lengths (big-endian u32: of the message, of the bytes), the message in UTF-8, the bytes. A message is a
JSON object whose ``kind`` says what it is.

To a worker:

    run        job, document, editor_text, targets                     do this; answered by events and one `ended`
    cancel     job                                                     stop it where it next looks
    watch      previews                                                whether anybody wants to see pictures half done
    published  request, name | error                                   what became of a `publish`
    explain    request, document, targets                              what would run; answered by one `explained`
    warm                                                               import torch, look at the device
    free       models, cache                                           let go of memory; done between jobs
    stop                                                               end after the job that runs has been stopped

From a worker:

    ready      pid                                                     it can be told to run something
    event      job, type, data (and a picture's bytes)                 state changes and progress, in order
    publish    request, job, file                                      a saved file wants its name; see `server.ledger`
    heartbeat  job, resident, rss, device                              it lives; which model files it holds
    ended      job, state, error, resident, spent                      ``spent``: the process is of no further use
    refused    reason                                                  instead of `ready`: it cannot work at all
    explained  request, nodes | error

The end of the worker's input says that the server is gone: the worker stops what it runs and ends.
"""

import asyncio
import json
import struct
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

LENGTHS = struct.Struct(">II")
LARGEST = 1 << 30  # bytes of one part: more is no frame but something else that wrote into the pipe


class Frame(NamedTuple):
    """One message and the bytes behind it."""

    message: Mapping[str, Any]
    blob: bytes = b""

    @property
    def kind(self) -> str:
        return str(self.message["kind"])


class BadFrame(Exception):
    """What came through the pipe is no frame, or it ended inside one."""


def pack(kind: str, members: Mapping[str, Any], blob: bytes = b"") -> bytes:
    """A frame as bytes. Raises ValueError for members that JSON cannot hold.

    Half a character, as in names of files that are no text, becomes a question mark: no database takes one.
    """
    text = json.dumps({"kind": kind, **members}, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    message = text.encode(errors="replace")
    return LENGTHS.pack(len(message), len(blob)) + message + blob


async def receive(stream: asyncio.StreamReader) -> Frame | None:
    """The next frame; None at the end. Raises BadFrame where it ends inside a frame or is none."""
    try:
        text, blob = _lengths(await stream.readexactly(LENGTHS.size))
        return _frame(await stream.readexactly(text), await stream.readexactly(blob))
    except asyncio.IncompleteReadError as error:
        if error.partial or error.expected != LENGTHS.size:
            raise BadFrame("the pipe ended inside a frame") from error
        return None


class Channel:
    """The worker's end: blocking, and any thread may send."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO):
        self._incoming, self._outgoing, self._sending = incoming, outgoing, threading.Lock()

    def send(self, kind: str, blob: bytes = b"", **members: Any) -> None:
        """Send one frame, whole. Raises OSError where nobody reads any more."""
        frame = pack(kind, members, blob)
        with self._sending:
            self._outgoing.write(frame)
            self._outgoing.flush()

    def receive(self) -> Frame | None:
        """The next frame; None at the end. Raises BadFrame where it ends inside a frame or is none."""
        lengths = self._read(LENGTHS.size, at_start=True)
        if not lengths:
            return None
        text, blob = _lengths(lengths)
        return _frame(self._read(text), self._read(blob))

    def _read(self, size: int, at_start: bool = False) -> bytes:
        found = self._incoming.read(size)
        if len(found) < size and not (at_start and not found):
            raise BadFrame("the pipe ended inside a frame")
        return found


def _lengths(packed: bytes) -> tuple[int, int]:
    text, blob = LENGTHS.unpack(packed)
    if max(text, blob) > LARGEST:
        raise BadFrame(f"a frame of {max(text, blob)} bytes is none")
    return text, blob


def _frame(text: bytes, blob: bytes) -> Frame:
    try:
        message = json.loads(text)
    except ValueError as error:
        raise BadFrame("the message of a frame is no JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise BadFrame("a message must be a JSON object with a kind")
    return Frame(message, blob)
