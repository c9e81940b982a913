"""Nodes that enlarge pictures by networks trained for it."""

from typing import Annotated

from diffusion.handle import UpscaleHandle
from diffusion.image import Image
from diffusion.runtime import Runtime
from graph.declare import Choice, Resource, Tip, node
from graph.reporting import Progress


@node("UpscaleModelLoader", category="loaders", title="Load Upscale Model")
def load_upscaler(
    runtime: Resource[Runtime],
    model_name: Annotated[str, Choice("upscale_models"), Tip("ESRGAN, Real-ESRGAN or one of its compact networks.")],
) -> UpscaleHandle:
    """Open a network that enlarges pictures."""
    from diffusion.upscale.upscaler import open_upscaler

    return open_upscaler(runtime.folders, model_name)


@node("ImageUpscaleWithModel", category="image/upscaling", title="Upscale Image (using Model)")
def upscale_image(
    runtime: Resource[Runtime], progress: Resource[Progress], upscale_model: UpscaleHandle, image: Image
) -> Image:
    """Enlarge pictures by a network, as many times as it was trained for, tile by tile."""
    from diffusion.upscale.upscaler import upscale

    larger = upscale(
        runtime.residency, runtime.folders, upscale_model, image.pixels, on_tile=progress, stop=progress.check
    )
    return Image(larger)
