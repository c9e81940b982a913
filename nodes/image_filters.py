"""Nodes that filter pictures and mix their colors."""

from typing import Annotated, Literal

from diffusion.image import Image
from graph.declare import Range, Tip, node

Radius = Annotated[int, Range(1, 31), Tip("How many pixels to each side are looked at.")]
SIGMA = Tip("How wide the bell of weights is, in radii.")
Threshold = Annotated[float, Range(0.01, 0.99, step=0.01), Tip("Of the change of brightness across an edge.")]


@node("ImageBlend", category="image", title="Image Blend")
def blend(
    image1: Image,
    image2: Image,
    blend_factor: Annotated[float, Range(0, 1, step=0.01), Tip("0 is the first picture, 1 the blend.")] = 0.5,
    blend_mode: Annotated[
        Literal["normal", "multiply", "screen", "overlay", "soft_light", "difference"],
        Tip("How the second picture is laid over the first."),
    ] = "normal",
) -> Image:
    """Lay one picture over another. The second is brought to the size of the first."""
    from diffusion.compose import blend

    return Image(blend(image1.pixels, image2.pixels, blend_factor, blend_mode))


@node("ImageBlur", category="image", title="Image Blur")
def blur(
    image: Image, blur_radius: Radius = 1, sigma: Annotated[float, Range(0.1, 10, step=0.1), SIGMA] = 1.0
) -> Image:
    """Blur pictures."""
    from diffusion.filters import blur

    return Image(blur(image.pixels, blur_radius, sigma))


@node("ImageSharpen", category="image", title="Image Sharpen")
def sharpen(
    image: Image,
    sharpen_radius: Radius = 1,
    sigma: Annotated[float, Range(0.1, 10, step=0.01), SIGMA] = 1.0,
    alpha: Annotated[float, Range(0, 5, step=0.01), Tip("How strongly; 0 changes nothing.")] = 1.0,
) -> Image:
    """Sharpen pictures."""
    from diffusion.filters import sharpen

    return Image(sharpen(image.pixels, sharpen_radius, sigma, alpha))


@node("ImageQuantize", category="image", title="Image Quantize")
def quantize(
    image: Image,
    colors: Annotated[int, Range(1, 256), Tip("How many colors are left.")] = 256,
    dither: Annotated[
        Literal["none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"],
        Tip("The pattern that stands for colors which are not there."),
    ] = "none",
) -> Image:
    """Leave only some colors of each picture."""
    from diffusion.filters import quantize

    return Image(quantize(image.pixels, colors, dither))


@node("Canny", category="image", title="Canny")
def find_edges(image: Image, low_threshold: Threshold = 0.4, high_threshold: Threshold = 0.8) -> Image:
    """Draw the edges of pictures, white on black, as ControlNets for edges want them."""
    from diffusion.canny import canny

    return Image(canny(image.pixels, low_threshold, high_threshold))
