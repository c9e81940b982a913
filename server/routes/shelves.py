"""Workflows that people saved, drafts that nobody named yet, and the examples that come with the program."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web

from server.containment import LONGEST_NAME, check_name
from server.fields import Anything, Member, OneOf, Text, Whole
from server.files import send_picture
from server.parts import PREVIEWS, Parts
from server.pictures import beside
from server.refusals import MEDIA_TYPE, Refused, not_found
from server.routing import DEEP, PREFIX, Body, Call, Reply, Routes
from server.shelf import ANY, Kept, Shelf
from workflows.lenient_json import NotJson, read_json, write_json

ROUTES = Routes("workflows")
DRAFT_REVISIONS = 100
NAME = Member("name", Text(longest=LONGEST_NAME, shortest=1), "Its name, with folders if need be.", required=True)
DRAFT = Member("id", Text(longest=100, shortest=1, pattern="[A-Za-z0-9_-]+"), "The draft's id.", required=True)
NUMBER = Member("revision", Whole(1, 2**53), "Which revision.", required=True)
TEMPLATE = Member("name", Text(longest=100, shortest=1, pattern="[A-Za-z0-9_-]+"), "Its name.", required=True)
REVISION = r'\*|(?:W/)?"?[0-9]{1,15}"?'
HEADERS = (
    Member(
        "If-Match",
        Text(longest=40, pattern=r'\*|(?:W/)?"?[0-9]{1,15}"?'),
        'The revision that it is to follow, as "3"; another is a conflict.',
    ),
    Member("If-None-Match", OneOf(("*",)), "`*`: only where there is none yet."),
)
CONFLICT = {409: Reply("Somebody else wrote it since; `revision` is the one that is there.", "Problem", (MEDIA_TYPE,))}
CURRENT = "(?!.*/revisions(?:/[0-9]+)?$).+"
"""Names of workflows: none ends as the addresses of revisions do."""
WRITTEN = Body(Anything("The document, as it is to be kept."))


def workflows(parts: Parts) -> Shelf:
    """What people saved; every revision stays."""
    return Shelf(parts.database, "workflow", "workflow")


def drafts(parts: Parts) -> Shelf:
    """What an editor saves by itself."""
    return Shelf(parts.database, "draft", "draft", most_revisions=DRAFT_REVISIONS)


@ROUTES.add("GET", "/workflows", "The saved workflows, the newest first", reply="Shelf")
async def list_workflows(call: Call) -> Mapping[str, Any]:
    return {"workflows": await workflows(call.parts).all()}


@ROUTES.add(
    "GET",
    "/workflows/{name}/revisions",
    "What was saved under a name",
    reply="Revisions",
    in_path=(NAME,),
    patterns={"name": DEEP},
)
async def list_revisions(call: Call) -> Mapping[str, Any]:
    """The newest first; a workflow that was removed is still here."""
    return {"revisions": await workflows(call.parts).revisions(call.path["name"])}


@ROUTES.add(
    "GET",
    "/workflows/{name}/revisions/{revision}",
    "A workflow as it was",
    reply="Kept",
    in_path=(NAME, NUMBER),
    patterns={"name": DEEP},
)
async def get_revision(call: Call) -> web.Response:
    return _sent(await workflows(call.parts).get(call.path["name"], call.path["revision"]))


@ROUTES.add("GET", "/workflows/{name}", "A saved workflow", reply="Kept", in_path=(NAME,), patterns={"name": CURRENT})
async def get_workflow(call: Call) -> web.Response:
    """`ETag` is its revision."""
    return _sent(await workflows(call.parts).get(call.path["name"]))


@ROUTES.add(
    "PUT",
    "/workflows/{name}",
    "Save a workflow",
    reply="Revision",
    replies=CONFLICT,
    in_path=(NAME,),
    headers=HEADERS,
    body=WRITTEN,
    patterns={"name": CURRENT},
)
async def put_workflow(call: Call) -> Mapping[str, Any]:
    """Each saving is a revision of its own, and all of them stay."""
    name = call.path["name"]
    check_name(name)
    return await _put(workflows(call.parts), name, call)


@ROUTES.add(
    "DELETE",
    "/workflows/{name}",
    "Remove a workflow",
    reply="Names",
    replies=CONFLICT,
    in_path=(NAME,),
    headers=HEADERS[:1],
    patterns={"name": CURRENT},
)
async def remove_workflow(call: Call) -> list[str]:
    """Its revisions stay, and saving one of them brings it back."""
    await workflows(call.parts).remove(call.path["name"], _expected(call.headers))
    return [call.path["name"]]


@ROUTES.add("GET", "/drafts", "The drafts, the newest first", reply="Drafts")
async def list_drafts(call: Call) -> Mapping[str, Any]:
    return {"drafts": [{"id": draft.pop("name")} | draft for draft in await drafts(call.parts).all()]}


@ROUTES.add("GET", "/drafts/{id}/revisions", "What was saved of a draft", reply="Revisions", in_path=(DRAFT,))
async def list_draft_revisions(call: Call) -> Mapping[str, Any]:
    """The last hundred."""
    return {"revisions": await drafts(call.parts).revisions(call.path["id"])}


@ROUTES.add("GET", "/drafts/{id}/revisions/{revision}", "A draft as it was", reply="Kept", in_path=(DRAFT, NUMBER))
async def get_draft_revision(call: Call) -> web.Response:
    return _sent(await drafts(call.parts).get(call.path["id"], call.path["revision"]))


@ROUTES.add("GET", "/drafts/{id}", "A draft", reply="Kept", in_path=(DRAFT,))
async def get_draft(call: Call) -> web.Response:
    return _sent(await drafts(call.parts).get(call.path["id"]))


@ROUTES.add(
    "PUT",
    "/drafts/{id}",
    "Save a draft",
    reply="Revision",
    replies=CONFLICT,
    in_path=(DRAFT,),
    headers=HEADERS,
    body=WRITTEN,
)
async def put_draft(call: Call) -> Mapping[str, Any]:
    return await _put(drafts(call.parts), call.path["id"], call)


@ROUTES.add(
    "DELETE",
    "/drafts/{id}",
    "Remove a draft",
    reply="Names",
    replies=CONFLICT,
    in_path=(DRAFT,),
    headers=HEADERS[:1],
)
async def remove_draft(call: Call) -> list[str]:
    """With all its revisions."""
    await drafts(call.parts).remove(call.path["id"], _expected(call.headers))
    return [call.path["id"]]


@ROUTES.add("GET", "/templates", "The example workflows", reply="Templates")
async def list_templates(call: Call) -> Mapping[str, Any]:
    return {"templates": await asyncio.to_thread(_templates, call.parts.templates)}


@ROUTES.add("GET", "/templates/{name}", "An example workflow", reply="Document", in_path=(TEMPLATE,))
async def get_template(call: Call) -> Mapping[str, Any]:
    return await asyncio.to_thread(_read_template, _template(call))


@ROUTES.add(
    "GET",
    "/templates/{name}/preview",
    "The picture of an example",
    reply=Reply("A small copy of it.", media_types=("image/webp",)),
    replies={304: Reply("It is as the client has it.", media_types=())},
    in_path=(TEMPLATE,),
)
async def get_template_preview(call: Call) -> web.Response:
    picture = await asyncio.to_thread(beside, _template(call))
    return send_picture(call.request, await call.request.app[PREVIEWS].get(picture, 512))


async def _put(shelf: Shelf, name: str, call: Call) -> dict[str, Any]:
    title = call.body.get("title")
    said = title[:200].encode("utf-8", "replace").decode() if isinstance(title, str) else ""
    kept = await shelf.put(name, write_json(call.body), said, _expected(call.headers))
    return {"revision": kept.revision, "saved": kept.saved, "title": kept.title}


def _expected(headers: Mapping[str, Any]) -> int | None:
    """The revision that a request wants to be there: None for none, ANY where it says nothing."""
    if headers.get("If-None-Match") is not None:
        return None
    written = headers.get("If-Match")
    return ANY if written in (None, "*") else int(written.removeprefix("W/").strip('"'))


def _sent(kept: Kept) -> web.Response:
    """A revision, its document exactly as it was written."""
    said = json.dumps({"name": kept.name, "revision": kept.revision, "saved": kept.saved, "title": kept.title})
    response = web.Response(text=f'{said[:-1]}, "document": {kept.text}}}', content_type="application/json")
    response.headers[hdrs.ETAG] = f'"{kept.revision}"'
    response.enable_compression()
    return response


def _template(call: Call) -> Path:
    path = call.parts.templates / f"{call.path['name']}.json"
    if not path.is_file():
        raise not_found(f"there is no example called {call.path['name']!r}")
    return path


def _templates(folder: Path) -> list[dict[str, Any]]:
    found = []
    for path in sorted(folder.glob("*.json")):
        members = _read_template(path)
        notes = [note.get("text") for note in members.get("notes") or () if isinstance(note, dict)]
        try:
            beside(path)
            preview = f"{PREFIX}/templates/{path.stem}/preview"
        except Refused:
            preview = None
        title = str(members.get("title") or path.stem.replace("_", " "))
        found.append({"name": path.stem, "title": title, "about": str(notes[0]) if notes else "", "preview": preview})
    return found


def _read_template(path: Path) -> dict[str, Any]:
    """The document of an example. Raises Refused where somebody has damaged it."""
    try:
        members = read_json(path.read_bytes())
    except NotJson as error:
        raise Refused(500, "bad_template", f"the example {path.stem!r} cannot be read: {error}") from error
    return members if isinstance(members, dict) else {}
