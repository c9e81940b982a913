"""Pictures from anywhere, decoded within limits; small copies of them for lists."""

import io
import threading
from collections import OrderedDict
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
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Refused(415, "no_picture", "this is no PNG, JPEG, WebP, GIF, BMP or TIFF picture") from error
    if width * height > pixels or max(width, height) > 65_535:
        raise Refused(
            413, "too_many_pixels", f"this picture has {width} × {height} pixels; {pixels} are the most taken"
        )
    return form, width, height


class Previews:
    """Small copies as WebP, made one at a time and kept while there is room."""

    def __init__(self, pixels: int):
        self._pixels = pixels
        self._kept: OrderedDict[tuple[str, int, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._making = threading.Lock()

    def get(self, path: Path, size: int) -> bytes:
        """A copy whose longer side has at most ``size`` pixels. Raises Refused for what is no picture."""
        status = path.stat()
        key = (str(path), status.st_mtime_ns, status.st_size, size)
        with self._making:  # a large picture takes some hundred MB while it is decoded
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            copy = small_copy(path, size, self._pixels)
            with self._lock:
                self._kept[key] = copy
                while sum(map(len, self._kept.values())) > KEPT:
                    self._kept.popitem(last=False)
        return copy


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
