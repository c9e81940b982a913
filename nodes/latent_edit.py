"""Nodes that change latents: their size, their place, their batch."""

from dataclasses import replace
from typing import Annotated, Literal

from diffusion.image import Mask
from diffusion.latent import Latent
from graph.declare import Range, Resource, Tip, node
from graph.reporting import Warn

Method = Annotated[
    Literal["nearest-exact", "bilinear", "area", "bicubic", "bislerp"],
    Tip("How values between are found; bislerp turns from one to the next and keeps contrast."),
]
Crop = Annotated[Literal["disabled", "center"], Tip("Center keeps the ratio of the sides and cuts off the rest.")]
Side = Annotated[int, Range(0, 16384, step=8), Tip("In pixels; 0 keeps the ratio of the sides.")]
Place = Annotated[int, Range(0, 16384, step=8), Tip("In pixels, from the left or the top.")]
Length = Annotated[int, Range(64, 16384, step=8), Tip("In pixels.")]
SMALLEST = 64  # pixels; below that a network has too little to see
Share = Annotated[float, Range(0, 1, step=0.01), Tip("1 is all of the first, 0 all of the second.")]


@node("LatentUpscale", category="latent", title="Upscale Latent")
def upscale(
    samples: Latent,
    upscale_method: Method = "nearest-exact",
    width: Side = 512,
    height: Side = 512,
    crop: Crop = "disabled",
) -> Latent:
    """Bring latents to a size, as a step between two samplers."""
    from diffusion.latents import upscaled
    from diffusion.resize import both_sides

    factor, (rows, columns) = samples.space.downscale, samples.samples.shape[-2:]
    if not width and not height:
        return samples
    width, height = (side and max(SMALLEST, side) for side in (width, height))
    wide, high = (max(SMALLEST, side) for side in both_sides(width, height, columns * factor, rows * factor))
    return upscaled(samples, wide // factor, high // factor, upscale_method, crop=crop == "center")


@node("LatentUpscaleBy", category="latent", title="Upscale Latent By")
def upscale_by(
    samples: Latent,
    upscale_method: Method = "nearest-exact",
    scale_by: Annotated[float, Range(0.01, 8, step=0.01), Tip("2 doubles both sides.")] = 1.5,
) -> Latent:
    """Bring latents to a multiple of their size."""
    from diffusion.latents import upscaled

    height, width = (max(1, round(side * scale_by)) for side in samples.samples.shape[-2:])
    return upscaled(samples, width, height, upscale_method)


@node("LatentComposite", category="latent", title="Latent Composite")
def composite(
    samples_to: Latent,
    samples_from: Latent,
    x: Place = 0,
    y: Place = 0,
    feather: Annotated[int, Range(0, 16384, step=8), Tip("Pixels over which it fades in, 0 for a hard edge.")] = 0,
) -> Latent:
    """Put one latent onto another."""
    from diffusion.latents import composite

    factor = samples_to.space.downscale
    return composite(samples_to, samples_from, x // factor, y // factor, feather // factor)


@node("LatentCompositeMasked", category="latent", title="Latent Composite Masked")
def composite_masked(
    warn: Resource[Warn],
    destination: Latent,
    source: Latent,
    x: Place = 0,
    y: Place = 0,
    resize_source: Annotated[bool, Tip("Stretch the source to the size of the destination.")] = False,
    mask: Mask | None = None,
) -> Latent:
    """Put one latent onto another where a mask lets it show."""
    from diffusion.compose import left_out
    from diffusion.latents import composite_masked

    for sentence in left_out(destination.samples, source.samples):
        warn(sentence)
    factor, values = destination.space.downscale, None if mask is None else mask.values
    return composite_masked(destination, source, x // factor, y // factor, stretch=resize_source, mask=values)


@node("LatentBlend", category="latent", title="Latent Blend")
def blend(samples1: Latent, samples2: Latent, blend_factor: Share = 0.5) -> Latent:
    """Mix two latents. The second is brought to the size of the first."""
    from diffusion.latents import blended

    return blended(samples1, samples2, blend_factor)


@node("LatentFromBatch", category="latent", title="Latent From Batch")
def from_batch(
    samples: Latent,
    batch_index: Annotated[int, Range(0, 63), Tip("The first one that is taken, counted from 0.")] = 0,
    length: Annotated[int, Range(1, 64), Tip("How many are taken.")] = 1,
) -> Latent:
    """Take some latents of a batch. A sampler gives them the noise they had in it."""
    from diffusion.latents import chosen

    return chosen(samples, batch_index, length)


@node("RepeatLatentBatch", category="latent", title="Repeat Latent Batch")
def repeat_batch(
    samples: Latent, amount: Annotated[int, Range(1, 64), Tip("How many times the batch is there.")] = 1
) -> Latent:
    """Make a batch several times as long."""
    from diffusion.latents import multiplied

    return multiplied(samples, amount)


@node("LatentBatch", category="latent", title="Latent Batch")
def batch(samples1: Latent, samples2: Latent) -> Latent:
    """Join two batches. The second is brought to the size of the first."""
    from diffusion.latents import joined

    return joined(samples1, samples2)


@node("LatentRotate", category="latent", title="Rotate Latent")
def rotate(
    samples: Latent,
    rotation: Annotated[Literal["none", "90 degrees", "180 degrees", "270 degrees"], Tip("Clockwise.")] = "none",
) -> Latent:
    """Turn latents, with their mask."""
    from diffusion.latents import moved

    turns = ("none", "90 degrees", "180 degrees", "270 degrees").index(rotation)
    return moved(samples, lambda x: x.rot90(turns, dims=(3, 2)))


@node("LatentFlip", category="latent", title="Flip Latent")
def flip(
    samples: Latent,
    flip_method: Annotated[
        Literal["x-axis: vertically", "y-axis: horizontally"], Tip("Upside down, or left to right.")
    ] = "x-axis: vertically",
) -> Latent:
    """Mirror latents, with their mask."""
    from diffusion.latents import moved

    axis = 2 if flip_method.startswith("x") else 3
    return moved(samples, lambda x: x.flip(axis))


@node("LatentCrop", category="latent", title="Crop Latent")
def crop(samples: Latent, width: Length = 512, height: Length = 512, x: Place = 0, y: Place = 0) -> Latent:
    """Cut a rectangle out of latents, with their mask. It is moved so that at least 64 pixels a side are left."""
    from diffusion.latents import cropped

    factor, (rows, columns) = samples.space.downscale, samples.samples.shape[-2:]
    left, top = max(0, min(x, columns * factor - SMALLEST)), max(0, min(y, rows * factor - SMALLEST))
    return cropped(samples, left // factor, top // factor, width // factor, height // factor)


@node("SetLatentNoiseMask", category="latent", title="Set Latent Noise Mask")
def set_mask(samples: Latent, mask: Mask) -> Latent:
    """Let a sampler redraw only where the mask is 1."""
    return replace(samples, mask=mask.values.unsqueeze(1))
