"""Nodes that make and change masks."""

from typing import Annotated, Literal

from diffusion.image import Image, Mask
from graph.declare import Choice, Range, Resource, Tip, node
from graph.reporting import Warn
from workflows.outputs import InputFolder

Length = Annotated[int, Range(1, 16384), Tip("In pixels.")]
Place = Annotated[int, Range(0, 16384), Tip("In pixels, from the left or the top.")]
Fade = Annotated[int, Range(0, 16384), Tip("Pixels over which it fades out toward this side.")]
CHANNELS = ("red", "green", "blue", "alpha")


@node("LoadImageMask", category="mask", title="Load Image (as Mask)")
def load_mask(
    inputs: Resource[InputFolder],
    image: Annotated[str, Choice("images"), Tip("A picture of the input folder.")],
    channel: Annotated[
        Literal["alpha", "red", "green", "blue"], Tip("Alpha gives 1 where the picture is clear.")
    ] = "alpha",
) -> Mask:
    """Read one channel of a picture as a mask."""
    from diffusion.pictures import read_picture

    picture, clear = read_picture(inputs.path(image), image)
    return clear if channel == "alpha" else Mask(picture.pixels[..., CHANNELS.index(channel)])


@node("SolidMask", category="mask", title="Solid Mask")
def solid(
    value: Annotated[float, Range(0, 1, step=0.01), Tip("1 is redrawn, 0 is kept.")] = 1.0,
    width: Length = 512,
    height: Length = 512,
) -> Mask:
    """Make a mask of one value."""
    import torch

    return Mask(torch.full((1, height, width), value, dtype=torch.float32))


@node("InvertMask", category="mask", title="Invert Mask")
def invert(mask: Mask) -> Mask:
    """Exchange what is kept and what is redrawn."""
    return Mask(1 - mask.values)


@node("CropMask", category="mask", title="Crop Mask")
def crop(mask: Mask, x: Place = 0, y: Place = 0, width: Length = 512, height: Length = 512) -> Mask:
    """Cut a rectangle out of a mask. What reaches beyond its edges is left out."""
    old_height, old_width = mask.values.shape[1:]
    if x >= old_width or y >= old_height:
        raise ValueError(f"The mask is {old_width}×{old_height} and has nothing at ({x}, {y}).")
    return Mask(mask.values[:, y : y + height, x : x + width])


@node("MaskComposite", category="mask", title="Mask Composite")
def composite(
    warn: Resource[Warn],
    destination: Mask,
    source: Mask,
    x: Place = 0,
    y: Place = 0,
    operation: Annotated[
        Literal["multiply", "add", "subtract", "and", "or", "xor"],
        Tip("The last three take everything from a half on as 1."),
    ] = "multiply",
) -> Mask:
    """Combine one mask into another."""
    from diffusion.compose import left_out
    from diffusion.masks import combine

    for sentence in left_out(destination.values, source.values):
        warn(sentence)
    return Mask(combine(destination.values, source.values, x, y, operation))


@node("FeatherMask", category="mask", title="Feather Mask")
def feather(mask: Mask, left: Fade = 0, top: Fade = 0, right: Fade = 0, bottom: Fade = 0) -> Mask:
    """Let a mask fade out toward its sides."""
    from diffusion.masks import feather

    return Mask(feather(mask.values, left=left, top=top, right=right, bottom=bottom))


@node("GrowMask", category="mask", title="Grow Mask")
def grow(
    mask: Mask,
    expand: Annotated[int, Range(-16384, 16384), Tip("In pixels; less than 0 shrinks it.")] = 0,
    tapered_corners: Annotated[bool, Tip("Round corners off rather than keep them square.")] = True,
) -> Mask:
    """Make what a mask covers wider or narrower."""
    from diffusion.masks import grow

    return Mask(grow(mask.values, expand, tapered=tapered_corners))


@node("ThresholdMask", category="mask", title="Threshold Mask")
def threshold(
    mask: Mask, value: Annotated[float, Range(0, 1, step=0.01), Tip("What is above becomes 1, the rest 0.")] = 0.5
) -> Mask:
    """Make a mask hard: nothing between 0 and 1."""
    return Mask((mask.values > value).float())


@node("MaskToImage", category="mask", title="Convert Mask to Image")
def to_image(mask: Mask) -> Image:
    """Show a mask as a grey picture."""
    return Image(mask.values.unsqueeze(-1).repeat(1, 1, 1, 3))


@node("ImageToMask", category="mask", title="Convert Image to Mask")
def from_image(
    image: Image, channel: Annotated[Literal["red", "green", "blue", "alpha"], Tip("Which one is taken.")] = "red"
) -> Mask:
    """Take one channel of a picture as a mask."""
    place = CHANNELS.index(channel)
    if place >= image.pixels.shape[-1]:
        raise ValueError("The picture has no alpha channel. Take another one, or the mask that LoadImage gives.")
    return Mask(image.pixels[..., place])


@node("ImageColorToMask", category="mask", title="Image Color to Mask")
def from_color(
    image: Image,
    color: Annotated[int, Range(0, 0xFFFFFF), Tip("0xRRGGBB as a number: red is 16711680, white 16777215.")] = 0,
) -> Mask:
    """Make a mask of 1 where a picture has exactly this color."""
    from diffusion.masks import of_color

    return Mask(of_color(image.pixels, color))
