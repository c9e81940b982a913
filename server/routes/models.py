"""Model files: what is there, what each is, and the picture beside it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from diffusion.errors import DiffusionError
from diffusion.files.header import PICKLES
from diffusion.files.identity import autov3, sha256
from server.containment import LONGEST_NAME, check_name
from server.fields import Flag, Member, Text, Whole
from server.files import send_picture
from server.parts import PREVIEWS, Parts
from server.pictures import SIZES, beside
from server.refusals import Refused, not_found
from server.routing import DEEP, PREFIX, Call, Reply, Routes

ROUTES = Routes("models")
KIND = Member("kind", Text(longest=100, shortest=1), "Such as `loras`; `GET /models` lists them.", required=True)
NAME = Member("name", Text(longest=LONGEST_NAME, shortest=1), "The file, with its folders.", required=True)


@ROUTES.add("GET", "/models", "The kinds of model that there are folders for", reply="Kinds")
async def list_kinds(call: Call) -> Mapping[str, Any]:
    return {"kinds": list(call.parts.models.kinds())}


@ROUTES.add("GET", "/models/{kind}", "The models of a kind", reply="Models", in_path=(KIND,))
async def list_models(call: Call) -> Mapping[str, Any]:
    """In alphabetical order."""
    kind = _kind(call)
    return {"models": await asyncio.to_thread(_list, call.parts, kind)}


@ROUTES.add(
    "GET",
    "/models/{kind}/{name}/preview",
    "The picture beside a model file",
    reply=Reply("A small copy of it.", media_types=("image/webp",)),
    replies={304: Reply("It is as the client has it.", media_types=())},
    in_path=(KIND, NAME),
    query=(Member("size", Whole(*SIZES), "Pixels of its longer side.", default=256),),
    patterns={"name": DEEP},
)
async def get_preview(call: Call) -> web.Response:
    """`name.preview.png`, `name.png`, or the same as JPEG or WebP."""
    path = await asyncio.to_thread(_find, call.parts, _kind(call), call.path["name"])
    picture = await asyncio.to_thread(beside, path)
    copy = await call.request.app[PREVIEWS].get(picture, call.query["size"])
    return send_picture(call.request, copy)


@ROUTES.add(
    "GET",
    "/models/{kind}/{name}",
    "What a model file is",
    reply="Model",
    in_path=(KIND, NAME),
    query=(Member("hashes", Flag(), "Also its hashes, which takes seconds for a large file.", default=False),),
    patterns={"name": "(?!.*/preview$).+"},
)
async def get_model(call: Call) -> Mapping[str, Any]:
    """Family, metadata, and of an adapter what it changes and its trigger words; read from the header alone."""
    kind = _kind(call)
    path = await asyncio.to_thread(_find, call.parts, kind, call.path["name"])
    told = _told(kind, call.path["name"], path)
    if call.parts.describe is not None:
        try:
            told |= await asyncio.to_thread(call.parts.describe, path)
        except DiffusionError as error:
            told["unreadable"] = str(error)
    if call.query["hashes"]:
        told["hashes"] = await asyncio.to_thread(_hashes, path)
    return told


def _kind(call: Call) -> str:
    kind = str(call.path["kind"])
    if kind not in call.parts.models.kinds():
        raise not_found(f"there is no kind of model called {kind[:100]!r}")
    return kind


def _find(parts: Parts, kind: str, name: str) -> Path:
    try:
        check_name(name)
        return parts.models.path(kind, name)
    except (Refused, DiffusionError, OSError, ValueError) as error:
        raise not_found(f"there is no {name[:100]!r} in {kind}") from error


def _list(parts: Parts, kind: str) -> list[dict[str, Any]]:
    listed = []
    for name in parts.models.names(kind):
        try:
            listed.append(_told(kind, name, parts.models.path(kind, name)))
        except (DiffusionError, OSError):  # it went away while we looked
            continue
    return listed


def _told(kind: str, name: str, path: Path) -> dict[str, Any]:
    status = path.stat()
    try:
        beside(path)
        preview = f"{PREFIX}/models/{quote(kind)}/{quote(name)}/preview"
    except Refused:
        preview = None
    return {"name": name, "kind": kind, "size": status.st_size, "modified": status.st_mtime, "preview": preview}


def _hashes(path: Path) -> dict[str, str]:
    """As model sites know files."""
    digest = sha256(path)
    hashes = {"sha256": digest, "AutoV2": digest[:10]}
    return hashes if path.suffix.lower() in PICKLES else hashes | {"AutoV3": autov3(path)}
