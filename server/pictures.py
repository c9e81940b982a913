"""Pictures from anywhere, decoded within limits; small copies of them for lists."""

import asyncio
import io
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from server.refusals import Refused, not_found

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""What is decoded at all: Pillow knows dozens of other formats, and nobody looks at their decoders."""
SIZES = (32, 1024)  # pixels of a small copy's longer side
KEPT = 24 << 20  # bytes of small copies in memory
QUALITY = 80


def measure(path: Path, pixels: int) -> tuple[str, int, int]:
    """Format, width and height of a picture, from its header. Raises Refused for what is none, or too large."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            width, height = picture.size
            form = picture.format or ""
    except Image.DecompressionBombError as error:
        raise Refused(413, "too_many_pixels", "this picture has too many pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Refused(415, "no_picture", "this is no PNG, JPEG, WebP, GIF, BMP or TIFF picture") from error
    if width * height > pixels or max(width, height) > 65_535:
        raise Refused(
            413, "too_many_pixels", f"this picture has {width} × {height} pixels; {pixels} are the most taken"
        )
    return form, width, height


class Previews:
    """Small copies as WebP, made one after the other and kept while there is room. Belongs to one event loop."""

    def __init__(self, pixels: int):
        self._pixels = pixels
        self._kept: OrderedDict[tuple[str, int, int, int], bytes] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "previews")  # a large picture takes some hundred MB while it is decoded

    async def get(self, path: Path, size: int) -> bytes:
        """A copy whose longer side has at most ``size`` pixels. Raises Refused for what is no picture."""
        status = path.stat()
        key = (str(path), status.st_mtime_ns, status.st_size, size)
        copy = self._kept.pop(key, None)
        if copy is None:
            loop = asyncio.get_running_loop()
            copy = await loop.run_in_executor(self._thread, small_copy, path, size, self._pixels)
        self._kept[key] = copy  # the newest last
        while sum(map(len, self._kept.values())) > KEPT:
            self._kept.popitem(last=False)
        return copy

    def close(self) -> None:
        """Make no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def small_copy(path: Path, size: int, pixels: int) -> bytes:
    """A picture as a small WebP, upright, its first frame. Raises Refused for what cannot be decoded."""
    measure(path, pixels)
    try:
        with Image.open(path, formats=FORMATS) as picture:
            picture.draft("RGB", (size * 2, size * 2))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
            mode = "RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB"
            written = io.BytesIO()
            upright.convert(mode).save(written, "WEBP", quality=QUALITY, method=2)
    except Exception as error:  # a damaged picture fails in as many ways as there are formats
        raise Refused(415, "no_picture", "this picture is damaged: it cannot be decoded") from error
    return written.getvalue()


def beside(model: Path) -> Path:
    """The picture that stands beside a model file under its name. Raises Refused where there is none."""
    for ending in (".preview.png", ".preview.jpg", ".preview.webp", ".png", ".jpg", ".jpeg", ".webp"):
        picture = model.with_name(model.stem + ending)
        if picture.is_file():
            return picture
    raise not_found(f"there is no picture beside {model.name}")
