"""Nodes that take pictures through the autoencoder in tiles, where there is too little memory for the whole."""

from typing import Annotated

from diffusion.handle import VaeHandle
from diffusion.image import Image
from diffusion.latent import Latent
from diffusion.runtime import Runtime
from graph.declare import Range, Resource, Tip, node
from graph.reporting import Progress

SIZE = Tip("In pixels. Smaller tiles take less memory and more time, and see less of the picture at once.")
Overlap = Annotated[int, Range(0, 4096, step=32), Tip("In pixels, at most a quarter of a tile.")]
VIDEO = Tip("For videos alone; pictures have no frames.")
Frames = Annotated[int, Range(8, 4096, step=4), VIDEO]
SharedFrames = Annotated[int, Range(4, 4096, step=4), VIDEO]


@node("VAEDecodeTiled", category="latent", title="VAE Decode (Tiled)")
def decode_in_tiles(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    samples: Latent,
    vae: VaeHandle,
    tile_size: Annotated[int, Range(64, 4096, step=32), SIZE] = 512,
    overlap: Overlap = 64,
    temporal_size: Frames = 64,
    temporal_overlap: SharedFrames = 8,
) -> Image:
    """Turn latents into pictures tile by tile."""
    from diffusion.vae import decode_tiled

    lap = min(overlap, tile_size // 4)
    pixels = decode_tiled(runtime.residency, vae, samples.samples, tile=tile_size, overlap=lap, stop=progress.check)
    return Image(pixels)


@node("VAEEncodeTiled", category="latent", title="VAE Encode (Tiled)")
def encode_in_tiles(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    pixels: Image,
    vae: VaeHandle,
    tile_size: Annotated[int, Range(64, 4096, step=64), SIZE] = 512,
    overlap: Overlap = 64,
    temporal_size: Frames = 64,
    temporal_overlap: SharedFrames = 8,
) -> Latent:
    """Turn pictures into latents tile by tile. Sides that are no multiple of 8 are cropped in the middle."""
    from diffusion.vae import encode_tiled

    residency, lap = runtime.residency, min(overlap, tile_size // 4)
    samples = encode_tiled(residency, vae, pixels.pixels, tile=tile_size, overlap=lap, stop=progress.check)
    return Latent(samples, residency.space(vae))
