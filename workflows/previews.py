"""Pictures that are half done, small enough to be sent while they change."""

import io

from PIL import Image

LARGEST = 512  # pixels of the longer side
QUALITY = 80


def small_jpeg(shown: object) -> bytes | None:
    """A picture as a small JPEG file; None for what is no picture."""
    if not isinstance(shown, Image.Image):
        return None
    small = shown.convert("RGB")
    small.thumbnail((LARGEST, LARGEST))
    written = io.BytesIO()
    small.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()
