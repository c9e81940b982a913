"""Nodes that open model files. They read headers alone; weights are read when a model is used."""

from typing import Annotated, NamedTuple

from diffusion.handle import ModelHandle, TextHandle, VaeHandle
from diffusion.runtime import Runtime
from graph.declare import Choice, Resource, Tip, node


class Checkpoint(NamedTuple):
    """What a single-file checkpoint holds."""

    model: ModelHandle
    clip: TextHandle
    vae: VaeHandle


@node("CheckpointLoaderSimple", "CheckpointLoader", category="loaders", title="Load Checkpoint")
def load_checkpoint(
    runtime: Resource[Runtime],
    ckpt_name: Annotated[str, Choice("checkpoints"), Tip("A single-file checkpoint of the folder `checkpoints`.")],
) -> Checkpoint:
    """Open a checkpoint: the denoising network, the text encoder and the image autoencoder it holds."""
    from diffusion.checkpoint import open_checkpoint

    opened = open_checkpoint(runtime.folders, ckpt_name)
    return Checkpoint(opened.model, opened.text, opened.vae)


@node("VAELoader", category="loaders", title="Load VAE")
def load_vae(
    runtime: Resource[Runtime],
    vae_name: Annotated[str, Choice("vae"), Tip("A stand-alone autoencoder of the folder `vae`.")],
) -> VaeHandle:
    """Open an image autoencoder from a file of its own."""
    from diffusion.checkpoint import open_vae

    return open_vae(runtime.folders, vae_name)
