"""Nodes that open model files. They read headers alone; weights are read when a model is used."""

from typing import Annotated, Literal, NamedTuple

from diffusion.handle import ModelHandle, TextHandle, VaeHandle
from diffusion.runtime import Runtime
from graph.declare import Choice, Resource, Tip, node
from graph.reporting import Warn


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


@node("UNETLoader", category="advanced/loaders", title="Load Diffusion Model")
def load_network(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    unet_name: Annotated[str, Choice("diffusion_models"), Tip("A network of the folder `diffusion_models`.")],
    weight_dtype: Annotated[
        Literal["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"],
        Tip("The others are read and left aside: the number format is the device's."),
    ] = "default",
) -> ModelHandle:
    """Open a denoising network from a file of its own."""
    from diffusion.stand_alone import open_network

    if weight_dtype != "default":
        warn(f"'weight_dtype' is {weight_dtype}; the network runs in the device's number format, which loses less.")
    return open_network(runtime.folders, unet_name)


@node("CLIPLoader", category="advanced/loaders", title="Load CLIP")
def load_text_encoder(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    clip_name: Annotated[str, Choice("text_encoders"), Tip("A text encoder of the folder `text_encoders`.")],
    type: Annotated[Literal["stable_diffusion"], Tip("The family it is for.")] = "stable_diffusion",
    device: Annotated[Literal["default", "cpu"], Tip("It runs where the network does, whatever is said.")] = "default",
) -> TextHandle:
    """Open a text encoder from a file of its own."""
    from diffusion.stand_alone import open_text_encoder

    if device != "default":
        warn(f"'device' is {device}; the text encoder runs where the network does.")
    return open_text_encoder(runtime.folders, clip_name)
