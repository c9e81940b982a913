"""Nodes that resize, cut and join pictures."""

from typing import Annotated, Literal, NamedTuple

from diffusion.image import Image, Mask
from graph.declare import Range, Resource, Tip, node
from graph.reporting import Warn

Method = Annotated[
    Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"],
    Tip("How colors between are found; area is for making smaller, lanczos is the sharpest."),
]
Crop = Annotated[Literal["disabled", "center"], Tip("Center keeps the ratio of the sides and cuts off the rest.")]
Wanted = Annotated[int, Range(0, 16384), Tip("In pixels; 0 keeps the ratio of the sides.")]
Length = Annotated[int, Range(1, 16384), Tip("In pixels.")]
Place = Annotated[int, Range(0, 16384), Tip("In pixels, from the left or the top.")]
Added = Annotated[int, Range(0, 16384, step=8), Tip("Pixels that are added on this side.")]
COLOR = Tip("0xRRGGBB as a number: red is 16711680, white 16777215.")


@node("ImageScale", category="image", title="Upscale Image")
def scale(
    image: Image,
    upscale_method: Method = "nearest-exact",
    width: Wanted = 512,
    height: Wanted = 512,
    crop: Crop = "disabled",
) -> Image:
    """Bring pictures to a size."""
    from diffusion.resize import both_sides, resize_pixels

    old_height, old_width = image.pixels.shape[1:3]
    wide, high = (max(1, side) for side in both_sides(width, height, old_width, old_height))
    return Image(resize_pixels(image.pixels, high, wide, upscale_method, crop=crop == "center"))


@node("ImageScaleBy", category="image", title="Upscale Image By")
def scale_by(
    image: Image,
    upscale_method: Method = "nearest-exact",
    scale_by: Annotated[float, Range(0.01, 8, step=0.01), Tip("2 doubles both sides.")] = 1.0,
) -> Image:
    """Bring pictures to a multiple of their size."""
    from diffusion.resize import resize_pixels

    height, width = (max(1, round(side * scale_by)) for side in image.pixels.shape[1:3])
    return Image(resize_pixels(image.pixels, height, width, upscale_method))


@node("ImageScaleToTotalPixels", category="image", title="Scale Image to Total Pixels")
def scale_to_total_pixels(
    image: Image,
    upscale_method: Method = "nearest-exact",
    megapixels: Annotated[float, Range(0.01, 16, step=0.01), Tip("1 is as many as 1024×1024 has.")] = 1.0,
    resolution_steps: Annotated[int, Range(1, 256), Tip("Sides become a multiple of this.")] = 1,
) -> Image:
    """Bring pictures to a number of pixels and keep the ratio of their sides."""
    from diffusion.resize import resize_pixels

    old_height, old_width = image.pixels.shape[1:3]
    factor = (megapixels * 1024**2 / (old_width * old_height)) ** 0.5 / resolution_steps
    height, width = (max(1, round(side * factor)) * resolution_steps for side in (old_height, old_width))
    return Image(resize_pixels(image.pixels, height, width, upscale_method))


@node("ImageInvert", category="image", title="Invert Image")
def invert(image: Image) -> Image:
    """Turn pictures into their negative. Transparency stays as it is."""
    import torch

    pixels = image.pixels
    return Image(torch.cat([1 - pixels[..., :3], pixels[..., 3:]], dim=-1))


@node("ImageBatch", category="image", title="Batch Images")
def batch(image1: Image, image2: Image) -> Image:
    """Join two batches. The second is brought to the size of the first."""
    from diffusion.compose import joined

    return Image(joined(image1.pixels, image2.pixels))


@node("ImageCrop", category="image", title="Image Crop")
def crop(image: Image, width: Length = 512, height: Length = 512, x: Place = 0, y: Place = 0) -> Image:
    """Cut a rectangle out of pictures. What reaches beyond their edges is left out."""
    old_height, old_width = image.pixels.shape[1:3]
    left, top = min(x, old_width - 1), min(y, old_height - 1)
    return Image(image.pixels[:, top : top + height, left : left + width])


class Padded(NamedTuple):
    """The larger picture, and where it is to be drawn."""

    image: Image
    mask: Mask


@node("ImagePadForOutpaint", category="image", title="Pad Image for Outpainting")
def pad_for_outpaint(
    image: Image,
    left: Added = 0,
    top: Added = 0,
    right: Added = 0,
    bottom: Added = 0,
    feathering: Annotated[int, Range(0, 16384), Tip("Pixels of the old picture that are redrawn, less and less.")] = 40,
) -> Padded:
    """Add grey on the sides of pictures, and the mask that lets a sampler draw there."""
    from diffusion.masks import outpainting

    pixels, mask = outpainting(image.pixels, left, top, right, bottom, feathering)
    return Padded(Image(pixels), Mask(mask))


@node("ImageCompositeMasked", category="image", title="Image Composite Masked")
def composite_masked(
    warn: Resource[Warn],
    destination: Image,
    source: Image,
    x: Place = 0,
    y: Place = 0,
    resize_source: Annotated[bool, Tip("Stretch the source to the size of the destination.")] = False,
    mask: Mask | None = None,
) -> Image:
    """Put one picture onto another, where a mask lets it show."""
    from diffusion.compose import composite, left_out

    for sentence in left_out(destination.pixels, source.pixels):
        warn(sentence)
    values = None if mask is None else mask.values
    return Image(composite(destination.pixels, source.pixels, x, y, stretch=resize_source, mask=values))


@node("EmptyImage", category="image", title="Empty Image")
def empty(
    width: Length = 512,
    height: Length = 512,
    batch_size: Annotated[int, Range(1, 4096), Tip("How many pictures.")] = 1,
    color: Annotated[int, Range(0, 0xFFFFFF), COLOR] = 0,
) -> Image:
    """Make pictures of one color."""
    import torch

    from diffusion.masks import channels_of

    return Image((torch.tensor(channels_of(color)) / 255).repeat(batch_size, height, width, 1))
