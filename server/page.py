"""The editor's built files, from memory: packed once, named by their content, asked for again at each visit."""

import gzip
import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

from aiohttp import hdrs, web

from server import containment
from server.middleware import FOREIGN_PAGE_POLICY, PAGE_POLICY
from server.parts import PARTS
from server.refusals import Refused, not_found

INDEX = "index.html"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}
PACKED = frozenset({".html", ".js", ".mjs", ".css", ".json", ".svg", ".txt", ".webmanifest"})
MISSING = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Patchbay</title>"
    "<p>The editor is not built here: run <code>npm ci && npm run build</code> in <code>web/</code>. "
    'The <a href="/api/docs">API</a> works without it.</p></html>'
)


@dataclass(frozen=True)
class _File:
    version: tuple[int, int]
    etag: str
    content: bytes
    packed: bytes | None


class Page:
    """The files below one folder, kept in memory until they change."""

    def __init__(self, root: Path):
        self._root = root
        self._kept: dict[str, _File] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> _File:
        """A file as it is now. Raises Refused where there is none."""
        path = containment.find(self._root, name)
        status = path.stat()
        version = (status.st_mtime_ns, status.st_size)
        with self._lock:
            known = self._kept.get(name)
            if known is None or known.version != version:
                content = path.read_bytes()
                packed = gzip.compress(content, 6, mtime=0) if path.suffix in PACKED else None
                known = self._kept[name] = _File(version, hashlib.sha256(content).hexdigest()[:32], content, packed)
        return known


PAGE: web.AppKey[Page] = web.AppKey("page", Page)


async def send_page(request: web.Request) -> web.Response:
    """A file of the editor; ``/`` is its page, or a sentence where it was not built."""
    name = request.match_info.get("name") or INDEX
    try:
        file = request.app[PAGE].get(name)
    except Refused as error:
        if name != INDEX:
            raise not_found("there is nothing at this address") from error
        return web.Response(text=MISSING, content_type="text/html", headers={"Content-Security-Policy": PAGE_POLICY})
    headers: dict[str, str] = {
        hdrs.ETAG: f'"{file.etag}"',
        hdrs.CACHE_CONTROL: "no-cache",
        hdrs.VARY: hdrs.ACCEPT_ENCODING,
    }
    ending = Path(name).suffix
    if ending == ".html":
        foreign = request.app[PARTS].foreign_page
        headers["Content-Security-Policy"] = FOREIGN_PAGE_POLICY if foreign else PAGE_POLICY
    if file.etag in (found.value for found in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    content = file.content
    if file.packed is not None and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        content = file.packed
        headers[hdrs.CONTENT_ENCODING] = "gzip"
    kind = TYPES.get(ending, "application/octet-stream")
    charset = "utf-8" if ending in PACKED else None
    return web.Response(body=content, content_type=kind, charset=charset, headers=headers)


def add_page(app: web.Application) -> None:
    """Serve the editor at the root of the address; what routes have taken stays theirs."""
    app[PAGE] = Page(app[PARTS].web_root)
    app.router.add_get("/", send_page)
    app.router.add_get("/{name:(?!api/).+}", send_page)
