"""A rough picture of a latent, for watching a run: one linear map, no autoencoder."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from diffusion.latent import LatentSpace


def preview(x: Tensor, space: LatentSpace) -> Image.Image | None:
    """Show the first of a batch (B, C, h, w), in the sampler's units, one pixel per latent pixel.

    None where the family gives no map.
    """
    if not space.preview:
        return None
    *factors, offset = torch.tensor(space.preview)
    rgb = x[0].float().cpu().movedim(0, -1) @ torch.stack(factors) + offset  # (h, w, 3) in −1…1
    return Image.fromarray(((rgb + 1) / 2).clamp(0, 1).mul(255).byte().numpy())
