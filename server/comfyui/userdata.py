"""``/userdata``, ``/settings`` and ``/users``: what front ends keep on the server, as files of one user.

Files are written whole or not at all; names stay inside the folder. Nothing of what is kept is ever run or shown as a
page: it goes out as a download.
"""

import asyncio
import json
import os
import re
import uuid
from pathlib import Path
from typing import Any

from aiohttp import web

from server import containment
from server.comfyui.prompts import read_object
from server.refusals import Refused, bad_request, not_found
from server.routing import json_response, parse_json

SETTINGS = "settings.json"
LARGEST = 64 << 20  # bytes of a file
MOST = 100_000  # files in one listing
SETTING = re.compile(r"[\w.\- ]{1,200}")


class UserFiles:
    """The files of the one user below a folder."""

    def __init__(self, root: Path):
        self.root = root
        self._writing = asyncio.Lock()

    async def users(self, request: web.Request) -> web.Response:
        return json_response({"storage": "server", "migrated": True})

    async def get_settings(self, request: web.Request) -> web.Response:
        return json_response(await asyncio.to_thread(self._settings))

    async def post_settings(self, request: web.Request) -> web.Response:
        """Set several at once."""
        await self._set(await read_object(request))
        return web.Response()

    async def get_setting(self, request: web.Request) -> web.Response:
        return json_response((await asyncio.to_thread(self._settings)).get(request.match_info["id"]))

    async def post_setting(self, request: web.Request) -> web.Response:
        await self._set({request.match_info["id"]: parse_json(await request.read())})
        return web.Response()

    async def listing(self, request: web.Request) -> web.Response:
        """Names below a directory, with sizes and times where ``full_info`` is asked for."""
        query = request.query
        directory = query.get("dir", "").replace("\\", "/").strip("/")
        if not directory:
            raise bad_request("'dir' is missing")
        if directory != ".":
            containment.check_name(directory)
        recurse, full = _flag(query.get("recurse")), _flag(query.get("full_info"))
        found = await asyncio.to_thread(self._listed, directory, recurse)
        if full:
            return json_response(found)
        names = [entry["path"] for entry in found]
        return json_response([[name, *name.split("/")] for name in names] if _flag(query.get("split")) else names)

    async def tree(self, request: web.Request) -> web.Response:
        """The newer listing: files and directories, one level."""
        place = request.query.get("path", "").replace("\\", "/").strip("/")
        if place:
            containment.check_name(place)
        return json_response(await asyncio.to_thread(self._level, place))

    async def get(self, request: web.Request) -> web.StreamResponse:
        path = await asyncio.to_thread(containment.find, self.root, self._name(request, "file"))
        headers = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
        if path.suffix == ".json":
            headers["Content-Type"] = "application/json"
        if path.suffix == ".css":
            headers = {"Content-Type": "text/css"}
        return web.FileResponse(path, headers=headers)

    async def post(self, request: web.Request) -> web.Response:
        """Keep a file; refused where there is one and ``overwrite`` is not asked for."""
        path = self._place(self._name(request, "file"))
        content = await request.read()
        if len(content) > LARGEST:
            raise Refused(413, "too_large", f"a file has at most {LARGEST} bytes")
        overwrite = request.query.get("overwrite", "true").lower() != "false"
        async with self._writing:
            await asyncio.to_thread(_write, path, content, overwrite)
        return json_response(self._told(path, request))

    async def delete(self, request: web.Request) -> web.Response:
        path = await asyncio.to_thread(containment.find, self.root, self._name(request, "file"))
        async with self._writing:
            await asyncio.to_thread(path.unlink, True)
        return web.Response(status=204)

    async def move(self, request: web.Request) -> web.Response:
        source = await asyncio.to_thread(containment.find, self.root, self._name(request, "file"))
        target = self._place(self._name(request, "dest"))
        overwrite = request.query.get("overwrite", "true").lower() != "false"
        async with self._writing:
            if target.exists() and not overwrite:
                raise Refused(409, "conflict", "there is a file of this name already")
            target.parent.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(os.replace, source, target)
        return json_response(self._told(target, request))

    def _name(self, request: web.Request, part: str) -> str:
        name = request.match_info[part].replace("\\", "/")
        containment.check_name(name)
        return name

    def _place(self, name: str) -> Path:
        """Where a file goes. Raises Refused where a link would lead out, or a directory is in the way."""
        root = self.root.resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise Refused(403, "outside", "this name leads outside the user's folder")
        if path.is_dir() or any(parent.is_file() for parent in path.parents if parent.is_relative_to(root)):
            raise Refused(409, "conflict", "a file and a directory cannot have the same name")
        return path

    def _told(self, path: Path, request: web.Request) -> Any:
        name = path.relative_to(self.root.resolve()).as_posix()
        return _entry(path, name) if _flag(request.query.get("full_info")) else name

    def _listed(self, directory: str, recurse: bool) -> list[dict[str, Any]]:
        folder = (self.root.resolve() / directory).resolve()
        if not folder.is_relative_to(self.root.resolve()) or not folder.is_dir():
            raise not_found(f"there is no directory {directory!r}")
        paths = folder.rglob("*") if recurse else folder.glob("*")
        found = (path for path in paths if path.is_file() and not path.is_symlink())
        entries = [
            _entry(path, path.relative_to(folder).as_posix())
            for _, path in zip(range(MOST), found, strict=False)
            if not path.name.startswith(".pending-")
        ]
        return sorted(entries, key=lambda entry: str(entry["path"]))

    def _level(self, place: str) -> list[dict[str, Any]]:
        root = self.root.resolve()
        folder = (root / place).resolve()
        if not folder.is_relative_to(root):
            raise not_found(f"there is no directory {place!r}")
        if not folder.is_dir():
            return []
        found = []
        for path in sorted(folder.iterdir()):
            if path.is_symlink() or path.name.startswith(".pending-"):
                continue
            name = path.relative_to(root).as_posix()
            told = {"name": path.name, "path": name, "type": "directory" if path.is_dir() else "file"}
            found.append(told if path.is_dir() else told | _entry(path, name))
        return found

    def _settings(self) -> dict[str, Any]:
        try:
            found = json.loads((self.root / SETTINGS).read_bytes())
        except FileNotFoundError:
            return {}
        if not isinstance(found, dict):
            raise Refused(500, "settings", f"{SETTINGS} in the user's folder holds no settings; move it away")
        return found

    async def _set(self, changed: dict[str, Any]) -> None:
        for name in changed:
            if not SETTING.fullmatch(name):
                raise bad_request("the name of a setting has letters, digits, dots, dashes and spaces")
        async with self._writing:
            settings = await asyncio.to_thread(self._settings) | changed
            await asyncio.to_thread(_write, self.root / SETTINGS, json.dumps(settings, indent=1).encode(), True)


def _write(path: Path, content: bytes, overwrite: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pending = path.with_name(f".pending-{uuid.uuid4().hex}")
    try:
        pending.write_bytes(content)
        if overwrite:
            os.replace(pending, path)
            return
        try:
            with path.open("xb"):
                pass
        except FileExistsError as error:
            raise Refused(409, "conflict", "there is a file of this name already") from error
        os.replace(pending, path)
    finally:
        pending.unlink(missing_ok=True)


def _entry(path: Path, name: str) -> dict[str, Any]:
    status = path.stat()
    return {"path": name, "size": status.st_size, "modified": status.st_mtime, "created": status.st_ctime}


def _flag(text: str | None) -> bool:
    return (text or "").lower() in ("true", "1")
