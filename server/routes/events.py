"""What happens, as it happens."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from server.fields import Member, Number, Text, Whole
from server.refusals import bad_request
from server.routing import Call, Reply, Routes
from server.socket import serve_socket
from server.streams import MOST_EVENTS, event_stream, long_poll, wants_stream

ROUTES = Routes("events")
NUMBER = Whole(0, 2**63 - 1)
AFTER = Member("after", NUMBER, "Everything since the event of this number; without it, from now on.")


@ROUTES.add(
    "GET",
    "/events",
    "Everything that happens",
    reply=Reply("A page of events, or a stream of them.", "Events", ("application/json", "text/event-stream")),
    query=(
        AFTER,
        Member("limit", Whole(1, MOST_EVENTS), "How many a page has at most.", default=1000),
        Member("wait", Number(0, 60), "Seconds that a page may wait for its first event.", default=0.0),
    ),
    headers=(Member("Last-Event-ID", Text(longest=20, pattern="[0-9]{1,18}"), "Where a stream that broke goes on."),),
)
async def get_events(call: Call) -> web.StreamResponse | Mapping[str, Any]:
    """A page of what is kept; with `Accept: text/event-stream` a stream that also tells of progress."""
    after, again = call.query["after"], call.headers["Last-Event-ID"]
    if wants_stream(call.request):
        return await event_stream(call, int(again) if again else after)
    after = call.parts.hub.last if after is None else after
    return await long_poll(call.parts, after, call.query["limit"], call.query["wait"])


@ROUTES.add(
    "GET",
    "/socket",
    "The same over a WebSocket, with previews",
    status=101,
    reply=Reply("Text frames are events; binary frames are previews.", media_types=()),
    query=(AFTER,),
)
async def get_socket(call: Call) -> web.StreamResponse:
    """See docs/api.md for what is said on it."""
    if call.request.headers.get("Upgrade", "").lower() != "websocket":
        raise bad_request("this address is for a WebSocket; programs without one ask /api/v1/events")
    return await serve_socket(call, call.query["after"])
