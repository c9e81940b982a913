"""``/ws``: one connection for each client; a newer one of the same name takes the place of the older."""

import asyncio
import json
import uuid
from contextlib import suppress
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from server.comfyui.clients import CLIENTS, Client
from server.comfyui.logs import LOGS, Logs
from server.comfyui.messages import text
from server.parts import PARTS, Parts
from server.socket import SOCKETS

HEARTBEAT = 20.0  # seconds between pings
LARGEST = 1 << 20  # bytes of what a client says
LONGEST_NAME = 200
METADATA = "supports_preview_metadata"


def features(parts: Parts) -> dict[str, Any]:
    """What this server can do, as clients ask for it."""
    return {METADATA: True, "max_upload_size": parts.limits.upload}


async def serve(request: web.Request) -> web.WebSocketResponse:
    """Talk until the client goes."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LARGEST, compress=False)
    await socket.prepare(request)
    parts, clients, logs = request.app[PARTS], request.app[CLIENTS], request.app[LOGS]
    name = request.query.get("clientId", "").encode("utf-8", "replace").decode()[:LONGEST_NAME]
    client = Client(name or uuid.uuid4().hex, socket, request.transport)
    request.app[SOCKETS].open.add(socket)
    tasks: list[asyncio.Task[None]] = []
    try:
        older, first = await clients.join(client)
        if older is not None:
            tasks.append(asyncio.create_task(_retire(older)))
        tasks += [asyncio.create_task(client.send(first)), asyncio.create_task(_tell_logs(logs, client))]
        async for said in socket:
            if said.type is WSMsgType.TEXT:
                _listen(parts, client, said.data)
    except ConnectionError:
        pass  # the client went while it was being answered
    finally:
        request.app[SOCKETS].open.discard(socket)
        await clients.leave(client)
        if client.id not in clients:
            logs.subscribe(client.id, wanted=False)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return socket


async def _retire(older: Client) -> None:
    """Let go of a connection whose client has come back, which may have stopped reading long ago."""
    await older.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"the client came back")


def _listen(parts: Parts, client: Client, said: str) -> None:
    """Clients say what they can take; whatever else they say is for others."""
    with suppress(ValueError, RecursionError):
        message = json.loads(said)
        if isinstance(message, dict) and message.get("type") == "feature_flags":
            flags = message.get("data")
            client.with_metadata = isinstance(flags, dict) and flags.get(METADATA) is True
            client.push(text("feature_flags", **features(parts)), "feature_flags")


async def _tell_logs(logs: Logs, client: Client) -> None:
    """Lines of the log, for clients that asked for them."""
    async for entries in logs.lines(client.id):
        client.push(text("logs", entries=entries, size=None))
