"""Node types, and what their choices offer here."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import hdrs, web

from server.fields import Member, Text
from server.parts import Parts
from server.refusals import not_found
from server.routing import Call, Reply, Routes, json_response
from server.wire import nodes_json

ROUTES = Routes("nodes")


@ROUTES.add(
    "GET",
    "/nodes",
    "Every node type, and every list to choose from",
    reply="Nodes",
    replies={304: Reply("It is as it was when `If-None-Match` was said.", media_types=())},
)
async def get_nodes(call: Call) -> web.Response:
    """`ETag` changes whenever a node type or a list does."""
    listed = await asyncio.to_thread(_listed, call.parts)
    etag = hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:32]
    if etag in (found.value for found in call.request.if_none_match or ()):
        return web.Response(status=304, headers={hdrs.ETAG: f'"{etag}"', hdrs.CACHE_CONTROL: "no-cache"})
    return json_response(listed, headers={hdrs.ETAG: f'"{etag}"', hdrs.CACHE_CONTROL: "no-cache"})


@ROUTES.add(
    "GET",
    "/choices/{source}",
    "What a list offers now",
    reply="Names",
    in_path=(
        Member("source", Text(longest=100, shortest=1), "The list's name, as node types have it.", required=True),
    ),
)
async def get_choices(call: Call) -> list[str]:
    source = call.parts.world.choices.get(call.path["source"])
    if source is None:
        raise not_found(f"there is no list called {call.path['source']!r}")
    return list(await asyncio.to_thread(source.names))


@ROUTES.add("GET", "/packs", "Packs of nodes, those that could not be loaded too", reply="Packs")
async def get_packs(call: Call) -> list[Mapping[str, Any]]:
    """With the reasons why a pack, or some of its nodes, is not used."""
    return list(call.parts.packs)


def _listed(parts: Parts) -> Mapping[str, Any]:
    choices = {name: list(source.names()) for name, source in parts.world.choices.items()}
    return {"nodes": nodes_json(parts.world.registry), "choices": choices}
