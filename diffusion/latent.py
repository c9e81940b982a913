"""Latent pictures as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class LatentSpace:
    """What a family's latent numbers mean."""

    id: str
    channels: int = 4
    downscale: int = 8
    scale: float = 0.18215
    shift: float = 0.0
    preview: tuple[tuple[float, ...], ...] = ()
    """A rough linear map latent → RGB in −1…1: ``channels`` rows of 3, and one row of offsets."""


SD15_SPACE = LatentSpace(
    "sd15",
    preview=(
        (0.298, 0.207, 0.208),
        (0.187, 0.286, 0.173),
        (-0.158, 0.189, 0.264),
        (-0.184, -0.271, -0.473),
        (0.0, 0.0, 0.0),
    ),
)
"""Stable Diffusion 1.x. The preview map is the least-squares fit published in the Hugging Face forum's thread
"Decoding latents to RGB without upscaling" (2022)."""


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """A batch of latents as nodes pass them on: in the VAE's own units, on the CPU, float32.

    The sampler multiplies by ``space.scale`` on the way in and divides on the way out.
    """

    socket: ClassVar[str] = "LATENT"
    samples: Tensor  # (B, C, H / 8, W / 8)
    space: LatentSpace = SD15_SPACE
    mask: Tensor | None = None  # (B or 1, 1, H, W) in 0…1, pixels; 1 is redrawn, 0 is kept
    batch_index: tuple[int, ...] | None = None
    """Which image of a larger batch each one is: its noise is drawn as that image's."""
