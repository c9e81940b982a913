"""``/view``, ``/upload/*``, ``/models``, ``/embeddings`` and what else is about files."""

import asyncio
import hashlib
import io
import json
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from aiohttp import BodyPartReader, hdrs, web
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from diffusion.errors import DiffusionError
from diffusion.files.header import read_header
from server import containment
from server.files import send_file, send_picture
from server.parts import PARTS, PREVIEWS, Parts
from server.pictures import FORMATS, beside, measure
from server.refusals import Refused, bad_request, not_found
from server.routing import json_response
from server.uploads import Kept, chunks_of, keep, pending, receive
from workflows.outputs import InputFolder

CHUNK = 1 << 16
LONGEST_FIELD = 10_000  # bytes of a field beside the file
CHANNELS = ("rgba", "rgb", "a")
PREVIEW = 1024  # pixels of the longer side of a preview
TRUE = frozenset({"true", "1"})


async def view(request: web.Request) -> web.StreamResponse:
    """A file of one of our folders; as a small WebP, or one of its channels, where that is asked for."""
    parts = request.app[PARTS]
    name, query = request.query.get("filename", ""), request.query
    path = await asyncio.to_thread(_find, parts, name, query.get("subfolder", ""), query.get("type", "output"))
    channel = query.get("channel", "rgba")
    if channel not in CHANNELS:
        raise bad_request(f"'channel' must be one of {', '.join(CHANNELS)}")
    if channel != "rgba":
        return send_picture(request, await asyncio.to_thread(_channel, path, channel, parts.limits.pixels), "image/png")
    if "preview" in query:
        return send_picture(request, await request.app[PREVIEWS].get(path, PREVIEW))
    response = send_file(path)
    disposition = response.headers.get(hdrs.CONTENT_DISPOSITION, "inline")
    response.headers[hdrs.CONTENT_DISPOSITION] = f"{disposition}; {_named(path.name)}"
    return response


async def upload_image(request: web.Request) -> web.Response:
    """Put a picture into a folder: the same content keeps its name, another gets ``name (1).png``."""
    parts = request.app[PARTS]
    with pending(parts.folders["input"]) as path:
        fields, digest, name = await _receive(request, parts, path)
        kept, kind, subfolder = await asyncio.to_thread(_keep, parts, path, digest, name, fields)
    return json_response({"name": kept.name, "subfolder": subfolder, "type": kind})


async def upload_mask(request: web.Request) -> web.Response:
    """The alpha of what is sent over the colors of the picture that ``original_ref`` names."""
    parts = request.app[PARTS]
    with pending(parts.folders["input"]) as path:
        fields, _, name = await _receive(request, parts, path)
        original = _reference(fields)
        source = await asyncio.to_thread(_find, parts, *original)
        digest = await asyncio.to_thread(_masked, path, source, parts.limits.pixels)
        kept, kind, subfolder = await asyncio.to_thread(_keep, parts, path, digest, name, fields)
    return json_response({"name": kept.name, "subfolder": subfolder, "type": kind})


async def list_kinds(request: web.Request) -> web.Response:
    return json_response(list(request.app[PARTS].models.kinds()))


async def list_models(request: web.Request) -> web.Response:
    parts = request.app[PARTS]
    return json_response(await asyncio.to_thread(parts.models.names, _kind(request, parts)))


async def list_embeddings(request: web.Request) -> web.Response:
    """Without their endings: that is how prompts name them."""
    names = await asyncio.to_thread(request.app[PARTS].models.names, "embeddings")
    return json_response([str(PurePosixPath(name).with_suffix("")) for name in names])


async def list_model_folders(request: web.Request) -> web.Response:
    """Kinds with where they lie, by names that mean something to a person and nothing to an intruder."""
    return json_response([{"name": kind, "folders": [kind]} for kind in request.app[PARTS].models.kinds()])


async def list_model_files(request: web.Request) -> web.Response:
    parts = request.app[PARTS]
    return json_response(await asyncio.to_thread(_model_files, parts, _kind(request, parts)))


async def model_preview(request: web.Request) -> web.StreamResponse:
    """The picture that stands beside a model."""
    parts = request.app[PARTS]
    model = await asyncio.to_thread(_model, parts, _kind(request, parts), request.match_info["filename"])
    picture = await asyncio.to_thread(beside, model)
    return send_picture(request, await request.app[PREVIEWS].get(picture, PREVIEW))


async def view_metadata(request: web.Request) -> web.Response:
    """What a safetensors file says of itself."""
    parts = request.app[PARTS]
    model = await asyncio.to_thread(_model, parts, _kind(request, parts), request.query.get("filename", ""))
    try:
        header = await asyncio.to_thread(read_header, model, model.name)
    except DiffusionError as error:
        raise not_found(str(error)) from error
    if not header.metadata:
        raise not_found("this file says nothing of itself")
    return json_response(dict(header.metadata))


async def list_files(request: web.Request) -> web.Response:
    """The pictures of a folder, the newest first."""
    kind = request.match_info["type"]
    parts = request.app[PARTS]
    if kind not in parts.folders:
        raise bad_request(f"there is no folder {kind[:50]!r}")
    return json_response(await asyncio.to_thread(_newest, parts.folders[kind]))


async def folder_paths(request: web.Request) -> web.Response:
    """Kinds of models; where they lie on the disk is nobody's business."""
    return json_response({kind: [kind] for kind in request.app[PARTS].models.kinds()})


def _find(parts: Parts, filename: str, subfolder: str, kind: str) -> Path:
    """A file by its public reference; ``name [input]`` names its folder itself. Raises Refused."""
    for annotated in parts.folders:
        if filename.endswith(f" [{annotated}]"):
            filename, kind = filename.removesuffix(f" [{annotated}]"), annotated
    if kind not in parts.folders:
        raise bad_request(f"'type' must be one of {', '.join(parts.folders)}")
    if not filename:
        raise bad_request("'filename' is missing")
    name = f"{subfolder}/{filename}" if subfolder else filename
    return containment.find(parts.folders[kind], name.replace("\\", "/"))


def _channel(path: Path, channel: str, pixels: int) -> bytes:
    measure(path, pixels)
    written = io.BytesIO()
    try:
        with Image.open(path, formats=FORMATS) as picture:
            whole = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError) as error:
        raise Refused(415, "no_picture", "this picture is damaged: it cannot be decoded") from error
    if channel == "a":
        shown = Image.new("RGBA", whole.size)
        shown.putalpha(whole.getchannel("A"))
    else:
        shown = whole.convert("RGB")
    shown.save(written, "PNG", compress_level=1)
    return written.getvalue()


async def _receive(request: web.Request, parts: Parts, path: Path) -> tuple[dict[str, str], str, str]:
    """The form's fields, and the picture in a pending file: its digest and its name."""
    fields: dict[str, str] = {}
    digest, name = None, ""
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise bad_request("a form within a form is not taken")
            if part.name == "image" and digest is None:
                name = part.filename or "image.png"
                digest = await receive(chunks_of(part, CHUNK), path, parts.limits.upload)
            elif part.name:
                fields[part.name] = (await _field(part)).decode("utf-8", "replace")
    except (ValueError, AssertionError) as error:  # not a form, a boundary that is missing, a header that is none
        raise bad_request("the body must be a form with an 'image'") from error
    if digest is None:
        raise bad_request("the form has no 'image'")
    return fields, digest, name


async def _field(part: BodyPartReader) -> bytes:
    found = b""
    async for chunk in chunks_of(part, CHUNK):
        found += chunk
        if len(found) > LONGEST_FIELD:
            raise Refused(413, "too_large", "a field of this form is too long")
    return found


def _keep(parts: Parts, path: Path, digest: str, name: str, fields: dict[str, str]) -> tuple[Kept, str, str]:
    kind, subfolder = fields.get("type") or "input", fields.get("subfolder", "").replace("\\", "/").strip("/")
    if kind not in parts.folders:
        raise bad_request(f"'type' must be one of {', '.join(parts.folders)}")
    if subfolder:
        containment.check_name(subfolder)
    root = parts.folders[kind].resolve()
    folder = (root / subfolder).resolve()
    if not folder.is_relative_to(root):
        raise Refused(403, "outside", "this folder leads outside")
    folder.mkdir(parents=True, exist_ok=True)
    overwrite = fields.get("overwrite", "").lower() in TRUE
    kept = keep(path, digest, folder, name, overwrite=overwrite, pixels=parts.limits.pixels)
    return kept, kind, subfolder


def _reference(fields: dict[str, str]) -> tuple[str, str, str]:
    try:
        said = json.loads(fields.get("original_ref", ""))
        return str(said["filename"]), str(said.get("subfolder") or ""), str(said.get("type") or "output")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise bad_request("'original_ref' must be JSON with filename, subfolder and type") from error


def _masked(path: Path, source: Path, pixels: int) -> str:
    """Write the original's colors with the sent alpha into the pending file; its digest."""
    measure(path, pixels)
    measure(source, pixels)
    try:
        with Image.open(path, formats=FORMATS) as sent, Image.open(source, formats=FORMATS) as original:
            colors, mask = original.convert("RGBA"), sent.convert("RGBA").getchannel("A")
            texts = {
                name: value for name, value in original.info.items() if isinstance(value, str) and isinstance(name, str)
            }
    except (OSError, ValueError, SyntaxError) as error:
        raise Refused(415, "no_picture", "this picture is damaged: it cannot be decoded") from error
    if mask.size != colors.size:
        mask = mask.resize(colors.size)
    colors.putalpha(mask)
    kept = PngInfo()
    for name, value in texts.items():
        kept.add_itxt(name, value)
    colors.save(path, "PNG", pnginfo=kept, compress_level=4)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _kind(request: web.Request, parts: Parts) -> str:
    kind = request.match_info["folder"]
    if kind not in parts.models.kinds():
        raise not_found(f"there is no kind of models called {kind[:50]!r}")
    return kind


def _model(parts: Parts, kind: str, name: str) -> Path:
    try:
        found = parts.models.find(kind, name) if name and "\0" not in name else None
    except DiffusionError as error:
        raise not_found(str(error)) from error
    if found is None:
        raise not_found(f"there is no {name[:100]!r} among the {kind}")
    return parts.models.path(kind, found)


def _model_files(parts: Parts, kind: str) -> list[dict[str, Any]]:
    listed = []
    for name in parts.models.names(kind):
        status = parts.models.path(kind, name).stat()
        listed.append(
            {
                "name": name,
                "pathIndex": 0,
                "modified": status.st_mtime,
                "created": status.st_ctime,
                "size": status.st_size,
            }
        )
    return listed


def _newest(folder: Path) -> list[str]:
    names = InputFolder(folder).names()
    return sorted(names, key=lambda name: -(folder / name).stat().st_mtime)


def _named(name: str) -> str:
    """A file's name as headers say it: in ASCII for old clients, and as it is (RFC 6266)."""
    plain = name.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "_")
    exact = quote(name, safe="")
    return f'filename="{plain}"' if plain == name else f"filename=\"{plain}\"; filename*=UTF-8''{exact}"
