"""Files that were made, and files to make others from."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

from diffusion.files.identity import sha256
from server import containment
from server.fields import Flag, Member, OneOf, Text, Whole, parse
from server.files import send_file, send_picture
from server.parts import PREVIEWS, Parts
from server.pictures import SIZES
from server.refusals import Refused, bad_request, not_found
from server.routing import DEEP, Body, Call, Reply, Routes, json_response
from server.uploads import Kept, chunks_of, keep, no_room, pending, receive
from server.wire import file_url
from workflows.outputs import InputFolder

ROUTES = Routes("files")
KIND = Member("kind", OneOf(containment.KINDS), "Which folder.", required=True)
NAME = Member("name", Text(longest=containment.LONGEST_NAME, shortest=1), "A file, with its folders.", required=True)
PREVIEW = Member("preview", Whole(*SIZES), "Instead: a WebP copy whose longer side has so many pixels.")
DOWNLOAD = Member("download", Flag(), "To be saved, not shown.", default=False)
MEDIA = ("image/*", "video/*", "audio/*", "text/plain", "application/octet-stream")
CHUNK = 1 << 16
LONGEST_FIELD = 1000  # bytes of a form's field beside the file
ASKED = {
    member.name: member
    for member in (
        Member("name", Text(longest=containment.LONGEST_NAME), "What it is to be called.", default=""),
        Member("kind", OneOf(("input", "temp")), "Which folder.", default="input"),
        Member("overwrite", Flag(), "Take the place of a file of this name.", default=False),
    )
}
"""What is asked for beside the file, in the query or in the form."""


@ROUTES.add(
    "GET",
    "/folders/{kind}/{name}",
    "A file of a folder",
    reply=Reply("The file, or its small copy.", media_types=MEDIA),
    replies={
        206: Reply("The part that `Range` asks for.", media_types=MEDIA),
        304: Reply("It is as the client has it.", media_types=()),
        416: Reply("The file has no such part.", media_types=()),
    },
    in_path=(KIND, NAME),
    query=(PREVIEW, DOWNLOAD),
    patterns={"name": DEEP},
)
async def get_file(call: Call) -> web.StreamResponse:
    """Pictures, sound, video and plain text show; anything else is a download."""
    path = await asyncio.to_thread(containment.find, call.parts.folders[call.path["kind"]], call.path["name"])
    return await _sent(call, path)


@ROUTES.add(
    "GET",
    "/files/{sha256}",
    "A file that a job made, by its content",
    reply=Reply("The file, or its small copy.", media_types=MEDIA),
    replies={
        206: Reply("The part that `Range` asks for.", media_types=MEDIA),
        304: Reply("It is as the client has it.", media_types=()),
        416: Reply("The file has no such part.", media_types=()),
    },
    in_path=(Member("sha256", Text(longest=64, shortest=64, pattern="[0-9a-f]{64}"), "Its SHA-256.", required=True),),
    query=(PREVIEW, DOWNLOAD),
)
async def get_content(call: Call) -> web.StreamResponse:
    """The same address is always the same content, so browsers ask once."""
    output = await call.parts.queue.output_by_hash(call.path["sha256"])
    if output is None:
        raise not_found("no job of this server made a file with this content")
    path = await asyncio.to_thread(containment.find, call.parts.folders[output.kind], output.name)
    if await asyncio.to_thread(sha256, path) != call.path["sha256"]:
        raise not_found("the file that had this content was changed since")
    return await _sent(call, path, forever=True)


@ROUTES.add(
    "GET",
    "/folders/{kind}",
    "The pictures of a folder",
    reply="Files",
    in_path=(KIND,),
    query=(
        Member("search", Text(longest=200), "Only names with this text.", default=""),
        Member("limit", Whole(1, 5000), "How many at most.", default=500),
    ),
)
async def list_folder(call: Call) -> Mapping[str, Any]:
    """The newest first."""
    listed = await asyncio.to_thread(
        _list, call.parts.folders[call.path["kind"]], call.path["kind"], call.query["search"]
    )
    return {"files": listed[: call.query["limit"]], "total": len(listed)}


@ROUTES.add(
    "POST",
    "/uploads",
    "Put a file into a folder",
    status=201,
    reply="Uploaded",
    query=tuple(ASKED.values()),
    body=Body(
        None,
        ("multipart/form-data", "image/png", "image/jpeg", "image/webp", "application/octet-stream"),
        taken_as="stream",
    ),
)
async def upload(call: Call) -> web.Response:
    """A form with `file`, or the file itself with `?name=`. The same content keeps the name that it has there."""
    request, asked = call.request, dict(call.query)
    try:
        with pending(call.parts.folders["temp"]) as path:
            if request.content_type == "multipart/form-data":
                digest = await _read_form(request, path, call.parts.limits.upload, asked)
            else:
                digest = await receive(request.content.iter_chunked(CHUNK), path, call.parts.limits.upload)
            kept = await asyncio.to_thread(_placed, path, digest, call.parts, asked)
    except ConnectionError:
        raise
    except OSError as error:
        raise no_room(error) from error
    return json_response(
        {
            "name": kept.name,
            "kind": asked["kind"],
            "sha256": kept.sha256,
            "bytes": kept.bytes,
            "width": kept.width,
            "height": kept.height,
            "url": file_url(asked["kind"], kept.name),
        },
        201,
    )


async def _read_form(request: web.Request, path: Path, largest: int, asked: dict[str, Any]) -> str:
    """Receive the file of a form and return its SHA-256; what stands beside it goes into ``asked``."""
    digest = None
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise bad_request("a form within a form is not taken")
            if part.name == "file" and digest is None:
                asked["name"] = asked["name"] or part.filename or ""
                digest = await receive(chunks_of(part, CHUNK), path, largest)
            elif part.name in ASKED:
                text = (await _field(part)).decode("utf-8", "replace")
                asked[part.name] = parse(ASKED[part.name].kind, text, f"{part.name!r}")
            else:
                raise bad_request("a form has one 'file', and 'name', 'kind' and 'overwrite' if need be")
    except ValueError as error:  # a boundary that is missing, a header that is none
        raise bad_request("this form cannot be read: its parts are not divided as its header says") from error
    if digest is None:
        raise bad_request("the form has no 'file'")
    return digest


def _placed(path: Path, digest: str, parts: Parts, asked: Mapping[str, Any]) -> Kept:
    """Bring a received file to the disk of its folder, and give it its name there."""
    folder = parts.folders[asked["kind"]]
    with pending(folder) as moved:
        shutil.move(path, moved)
        return keep(moved, digest, folder, asked["name"], overwrite=asked["overwrite"], pixels=parts.limits.pixels)


async def _field(part: BodyPartReader) -> bytes:
    found = b""
    async for chunk in chunks_of(part, CHUNK):
        found += chunk
        if len(found) > LONGEST_FIELD:
            raise Refused(413, "too_large", f"the field {part.name!r} is longer than {LONGEST_FIELD} bytes")
    return found


async def _sent(call: Call, path: Path, *, forever: bool = False) -> web.StreamResponse:
    size = call.query["preview"]
    if size is None:
        return send_file(path, forever=forever, download=call.query["download"])
    return send_picture(call.request, await call.request.app[PREVIEWS].get(path, size))


def _list(folder: Path, kind: str, search: str) -> list[dict[str, Any]]:
    """Pictures with what a gallery shows of them."""
    listed = []
    for name in InputFolder(folder).names():
        if search.lower() not in name.lower():
            continue
        status = (folder / name).stat()
        listed.append(
            {
                "name": name,
                "kind": kind,
                "bytes": status.st_size,
                "modified": status.st_mtime,
                "url": file_url(kind, name),
            }
        )
    return sorted(listed, key=lambda file: -file["modified"])
