"""Nodes that write pictures in other forms than PNG."""

from typing import Annotated

from diffusion.image import Image
from graph.declare import Range, Resource, Text, Tip, node
from graph.reporting import Here, Warn
from workflows.exif import Form
from workflows.outputs import OutputFolder, SavedFile, destination, prefix_fault

PREFIX = Tip("The file's name, before its number, with the tokens that SaveImage knows.")
QUALITY = Tip("Of what is left out to save space; of lossless WebP the effort to save it.")


@node("SaveImageAs", category="image", title="Save Image As", fingerprint=destination, validate=prefix_fault)
def save_image_as(
    outputs: Resource[OutputFolder],
    here: Resource[Here],
    warn: Resource[Warn],
    images: Image,
    filename_prefix: Annotated[str, Text(), PREFIX] = "Patchbay",
    format: Annotated[Form, Tip("JPEG has no transparency: white stands behind it.")] = "webp",
    quality: Annotated[int, Range(1, 100), QUALITY] = 90,
) -> list[SavedFile]:
    """Write pictures as numbered JPEG, WebP or PNG files that carry the workflow which made them."""
    from diffusion.pictures import to_pictures

    saved = []
    for picture in to_pictures(images):
        file, left_out = outputs.save_picture(picture, filename_prefix, format, quality, node=here.node)
        saved.append(file)
        if left_out:
            names = " and ".join(f"'{name}'" for name in left_out)
            warn(f"{file.name} is without {names}: a JPEG has room for 64 kB of text. WebP and PNG have more.")
    return saved
