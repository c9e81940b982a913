"""Files sent so that they cannot act: their type is what their ending says, and only pictures, sound and text show."""

import hashlib
from pathlib import Path

from aiohttp import hdrs, web

TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8",
}
"""What a browser may show. Anything else – HTML and SVG with their scripts too – is only ever downloaded."""
UNKNOWN = "application/octet-stream"
FOREVER = "private, max-age=31536000, immutable"


def send_file(path: Path, *, forever: bool = False, download: bool = False) -> web.FileResponse:
    """A file, or the part of it that is asked for; ``forever`` where its address names its content."""
    kind = TYPES.get(path.suffix.lower(), UNKNOWN)
    headers = {hdrs.CONTENT_TYPE: kind, hdrs.CACHE_CONTROL: FOREVER if forever else "no-cache"}
    if download or kind == UNKNOWN:
        headers[hdrs.CONTENT_DISPOSITION] = "attachment"
    return web.FileResponse(path, headers=headers)


def send_picture(request: web.Request, content: bytes, media_type: str = "image/webp") -> web.Response:
    """A picture from memory; nothing where the client has it."""
    etag = hashlib.sha256(content).hexdigest()[:32]
    headers = {hdrs.ETAG: f'"{etag}"', hdrs.CACHE_CONTROL: "no-cache"}
    if etag in (found.value for found in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=content, content_type=media_type, headers=headers)
