"""Nodes between pictures and latents, and latent files."""

from typing import Annotated

from diffusion.handle import VaeHandle
from diffusion.image import Image
from diffusion.latent import Latent
from diffusion.runtime import Runtime
from graph.declare import Choice, Range, Resource, Text, Tip, node
from graph.reporting import Progress
from workflows.document import Document
from workflows.outputs import InputFolder, OutputFolder, SavedFile, destination, prefix_fault

Side = Annotated[int, Range(16, 16384, step=8)]

PREFIX = Tip("The file's name below the output folder, before its number.")


@node("EmptyLatentImage", category="latent", title="Empty Latent Image")
def empty_latent(
    width: Annotated[Side, Tip("In pixels.")] = 512,
    height: Annotated[Side, Tip("In pixels.")] = 512,
    batch_size: Annotated[int, Range(1, 4096), Tip("How many pictures are made at once.")] = 1,
) -> Latent:
    """Start from nothing: latents of zeros, which the sampler fills with noise."""
    import torch

    return Latent(torch.zeros(batch_size, 4, height // 8, width // 8))


@node("VAEDecode", category="latent", title="VAE Decode")
def decode(runtime: Resource[Runtime], progress: Resource[Progress], samples: Latent, vae: VaeHandle) -> Image:
    """Turn latents into pictures."""
    from diffusion.vae import decode

    return Image(decode(runtime.residency, vae, samples.samples, stop=progress.check))


@node("VAEEncode", category="latent", title="VAE Encode")
def encode(runtime: Resource[Runtime], progress: Resource[Progress], pixels: Image, vae: VaeHandle) -> Latent:
    """Turn pictures into latents. Sides that are no multiple of 8 are cropped in the middle."""
    from diffusion.vae import encode

    return Latent(encode(runtime.residency, vae, pixels.pixels, stop=progress.check), runtime.residency.space(vae))


@node("SaveLatent", category="latent", title="Save Latent", fingerprint=destination, validate=prefix_fault)
def save_latent(
    outputs: Resource[OutputFolder],
    document: Resource[Document],
    samples: Latent,
    filename_prefix: Annotated[str, Text(), PREFIX] = "latents/Patchbay",
) -> SavedFile:
    """Write latents to a numbered `.latent` file that also carries the workflow."""
    from diffusion.latent_file import write_latent

    return outputs.save(filename_prefix, ".latent", lambda path: write_latent(path, samples, document.chunks()))


@node("LoadLatent", category="latent", title="Load Latent")
def load_latent(
    inputs: Resource[InputFolder],
    latent: Annotated[str, Choice("latents"), Tip("A `.latent` file of the input folder.")],
) -> Latent:
    """Read latents from a `.latent` file of the input folder."""
    from diffusion.latent_file import read_latent

    return read_latent(inputs.path(latent), latent)
