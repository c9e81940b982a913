"""Between PIL pictures and batches of pixels."""

from __future__ import annotations

from pathlib import Path

import numpy
import torch
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError
from torch import Tensor

from diffusion.errors import UnreadableFile
from diffusion.image import Image, Mask


def read_picture(path: Path, name: str) -> tuple[Image, Mask]:
    """A file as pixels (1, H, W, 3) and as a mask (1, H, W), 1 where it is transparent. Raises UnreadableFile.

    The camera's orientation is applied. ``name`` is what an error calls the file.
    """
    try:
        with Pillow.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            if picture.mode == "I" or picture.mode.startswith("I;16"):
                picture = picture.point(lambda value: value / 256).convert("L")  # 16 bits a pixel
            picture = picture.convert("RGBA")
    except (UnidentifiedImageError, Pillow.DecompressionBombError, OSError, SyntaxError) as error:
        raise UnreadableFile(f"{name} is not a picture that can be read, or it was cut short.") from error
    values = torch.from_numpy(numpy.asarray(picture, dtype=numpy.float32) / 255)  # (H, W, 4)
    return Image(values[None, :, :, :3].contiguous()), Mask(1 - values[None, :, :, 3])


def to_pictures(images: Image) -> list[Pillow.Image]:
    """Each of a batch (B, H, W, C) as a PIL picture, rounded to 8 bits."""
    return [_to_picture(pixels) for pixels in images.pixels]


def _to_picture(pixels: Tensor) -> Pillow.Image:
    """(H, W, C) in 0…1."""
    return Pillow.fromarray(pixels.mul(255).round().clamp(0, 255).to(torch.uint8).numpy())
