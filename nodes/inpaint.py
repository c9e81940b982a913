"""Nodes for redrawing a part of a picture."""

from typing import Annotated, NamedTuple

from diffusion.conditioning import Conditioning
from diffusion.cutout import Cutout
from diffusion.handle import VaeHandle
from diffusion.image import Image, Mask
from diffusion.latent import Latent
from diffusion.runtime import Runtime
from graph.declare import Range, Resource, Tip, node
from graph.reporting import Progress


@node("VAEEncodeForInpaint", category="latent", title="VAE Encode (for Inpainting)")
def encode_for_inpaint(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    pixels: Image,
    vae: VaeHandle,
    mask: Mask,
    grow_mask_by: Annotated[int, Range(0, 64), Tip("By how many pixels what is redrawn is wider than the mask.")] = 6,
) -> Latent:
    """Turn pictures into latents with nothing but grey under the mask, to be redrawn there at full strength."""
    from diffusion.inpainting import aligned, hidden, widened
    from diffusion.vae import encode

    residency = runtime.residency
    space = residency.space(vae)
    whole, hole = aligned(pixels.pixels, mask.values, space.downscale)
    samples = encode(residency, vae, hidden(whole, hole), stop=progress.check)
    return Latent(samples, space, widened(hole, grow_mask_by))


class Inpainting(NamedTuple):
    """Both prompts, and the latent to start from."""

    positive: Conditioning
    negative: Conditioning
    latent: Latent


@node("InpaintModelConditioning", category="conditioning", title="Inpaint Model Conditioning")
def inpaint_model_conditioning(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    positive: Conditioning,
    negative: Conditioning,
    vae: VaeHandle,
    pixels: Image,
    mask: Mask,
    noise_mask: Annotated[bool, Tip("Keep what is outside the mask exactly; otherwise the model redraws all.")] = True,
) -> Inpainting:
    """Show a model that was trained to inpaint the picture with its hole."""
    from diffusion.inpainting import aligned, filled_in, hidden
    from diffusion.vae import encode

    residency = runtime.residency
    space = residency.space(vae)
    whole, hole = aligned(pixels.pixels, mask.values, space.downscale)
    seen, start = (encode(residency, vae, each, stop=progress.check) for each in (hidden(whole, hole), whole))
    toward, away = (filled_in(prompt, seen, hole, space) for prompt in (positive, negative))
    return Inpainting(toward, away, Latent(start, space, hole if noise_mask else None))


class Cut(NamedTuple):
    """The part to work on, and what is needed to put it back."""

    cutout: Cutout
    image: Image
    mask: Mask


Side = Annotated[int, Range(0, 16384, step=8), Tip("What the part is resized to, in pixels; 0 leaves its size.")]


@node("CropToMask", category="image", title="Crop to Mask")
def crop_to_mask(
    image: Image,
    mask: Mask,
    width: Side = 512,
    height: Side = 512,
    padding: Annotated[int, Range(0, 1024), Tip("Pixels of the picture around the mask that the model sees.")] = 32,
    blur: Annotated[int, Range(0, 64), Tip("Pixels over which the mask fades out.")] = 4,
) -> Cut:
    """Cut out what a mask covers, to redraw it alone and larger; `PasteCrop` puts it back."""
    from diffusion.resize import both_sides
    from diffusion.stitching import cut_out, part_of

    ratio = width / height if width and height else None
    cutout = cut_out(image.pixels, mask.values, padding=padding, blur=blur, ratio=ratio)
    pixels, soft = part_of(cutout, *both_sides(width, height, cutout.width, cutout.height))
    return Cut(cutout, Image(pixels), Mask(soft))


@node("PasteCrop", category="image", title="Paste Crop")
def paste_crop(cutout: Cutout, image: Image) -> Image:
    """Put back what `CropToMask` cut out. Outside the mask the picture stays as it was, bit for bit."""
    from diffusion.stitching import put_back

    return Image(put_back(cutout, image.pixels))
