"""The editor's WebSocket: events as they happen, previews as bytes, and what the client wants to hear of.

Text frames are events, ``{"seq", "job", "time", "type", "data"}``. A binary frame is a preview: a big-endian u32, the
length of the JSON ``{"job", "node", "media_type", …}`` that follows, then the picture. The client may say
``{"watch": {"jobs": [ids] | "all", "previews": true | false}}`` at any time; the answer is ``{"type": "watching"}``.
"""

import asyncio
import json
import logging
import struct
from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from server.events import Message
from server.fields import Either, Flag, ListOf, Member, Members, OneOf, Text
from server.refusals import Refused, bad_request
from server.routing import Call, parse_json

LOG = logging.getLogger(__name__)
HEARTBEAT = 20.0  # seconds between pings; a client that does not answer is gone
LARGEST = 1 << 20  # bytes of what a client says
WATCH = Members(
    (
        Member(
            "watch",
            Members(
                (
                    Member("jobs", Either((ListOf(Text(longest=100)), OneOf(("all",)))), "Ids, or all.", default="all"),
                    Member("previews", Flag(), "Whether to send previews.", default=True),
                )
            ),
            "What to hear of.",
            required=True,
        ),
    )
)


@dataclass
class Watch:
    """What one client wants to hear of. Events of the queue as a whole reach everybody."""

    jobs: frozenset[str] | None = None
    previews: bool = True

    def told(self) -> dict[str, Any]:
        return {"jobs": "all" if self.jobs is None else sorted(self.jobs), "previews": self.previews}

    def wants(self, message: Message) -> bool:
        if message.blob is not None and not self.previews:
            return False
        return self.jobs is None or message.job is None or message.job in self.jobs


async def serve_socket(call: Call, after: int | None) -> web.WebSocketResponse:
    """Talk until the client goes. With ``after`` everything since that number is told first."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LARGEST, compress=False)
    await socket.prepare(call.request)
    watch = Watch()
    call.request.app[SOCKETS].open.add(socket)
    telling = asyncio.create_task(_tell(call, socket, watch, after))
    try:
        async for said in socket:
            if said.type is not WSMsgType.TEXT:
                await _answer(socket, bad_request("say what you want to hear of as JSON text"))
                continue
            try:
                _listen(watch, said.data)
            except Refused as error:
                await _answer(socket, error)
            else:
                jobs = "all" if watch.jobs is None else sorted(watch.jobs)
                await socket.send_str(
                    json.dumps({"type": "watching", "data": {"jobs": jobs, "previews": watch.previews}})
                )
    except ConnectionError:
        pass  # the client went while it was being answered
    finally:
        call.request.app[SOCKETS].open.discard(socket)
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    return socket


class Sockets:
    """The clients that are there, to be told when the server ends."""

    def __init__(self) -> None:
        self.open: set[web.WebSocketResponse] = set()


SOCKETS: web.AppKey[Sockets] = web.AppKey("sockets", Sockets)


def binary_frame(message: Message) -> bytes:
    """A preview as one frame."""
    said: dict[str, Any] = {"job": message.job, "media_type": "image/jpeg"} | dict(message.data)
    text = json.dumps(said).encode()
    return struct.pack(">I", len(text)) + text + (message.blob or b"")


async def _tell(call: Call, socket: web.WebSocketResponse, watch: Watch, after: int | None) -> None:
    """Tell until there is nothing more to come; then, or when telling fails, the client has to connect anew."""
    try:
        with call.parts.hub.subscribe(after) as messages:
            async for message in messages:
                if not watch.wants(message):
                    continue
                if message.blob is not None:
                    await socket.send_bytes(binary_frame(message))
                else:
                    await socket.send_str(message.text)
    except ConnectionError:
        return  # the client went
    except Exception:
        LOG.exception("telling a client of events failed")
    await socket.close(code=WSCloseCode.GOING_AWAY)


def _listen(watch: Watch, said: str) -> None:
    wanted = WATCH.read(parse_json(said.encode("utf-8", "replace")), "the message")["watch"]
    watch.jobs = None if wanted["jobs"] == "all" else frozenset(wanted["jobs"])
    watch.previews = wanted["previews"]


async def _answer(socket: web.WebSocketResponse, error: Refused) -> None:
    await socket.send_str(json.dumps({"type": "refused", "data": {"code": error.code, "message": error.detail}}))
