"""Nodes that read, show and write pictures."""

from typing import Annotated, NamedTuple

from diffusion.image import Image, Mask
from graph.declare import Choice, Resource, Text, Tip, node
from graph.reporting import Here
from workflows.outputs import InputFolder, OutputFolder, PreviewFolder, SavedFile, destination, prefix_fault

PREFIX = Tip("The file's name, before its number. %date:yyyy-MM-dd%, %width% and %Node.input% are filled in.")


class Loaded(NamedTuple):
    """A picture and its mask."""

    image: Image
    mask: Mask


@node("LoadImage", category="image", title="Load Image")
def load_image(
    inputs: Resource[InputFolder], image: Annotated[str, Choice("images"), Tip("A picture of the input folder.")]
) -> Loaded:
    """Read a picture. Its transparency becomes the mask: 1 where it is clear."""
    from diffusion.pictures import read_picture

    return Loaded(*read_picture(inputs.path(image), image))


@node("SaveImage", category="image", title="Save Image", fingerprint=destination, validate=prefix_fault)
def save_image(
    outputs: Resource[OutputFolder],
    here: Resource[Here],
    images: Image,
    filename_prefix: Annotated[str, Text(), PREFIX] = "Patchbay",
) -> list[SavedFile]:
    """Write pictures to the output folder as numbered PNG files that carry the workflow which made them."""
    from diffusion.pictures import to_pictures

    return [outputs.save_png(picture, filename_prefix, node=here.node) for picture in to_pictures(images)]


@node("PreviewImage", category="image", title="Preview Image", fingerprint=destination)
def preview_image(outputs: Resource[PreviewFolder], here: Resource[Here], images: Image) -> list[SavedFile]:
    """Show pictures without keeping them."""
    from diffusion.pictures import to_pictures

    return [outputs.save_png(picture, "preview", node=here.node) for picture in to_pictures(images)]
