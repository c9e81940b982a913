"""The public `.latent` file: a safetensors file with ``latent_tensor``, in the VAE's own units.

Files without the marker ``latent_format_version_0`` are older and hold latents scaled by 0.18215.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from diffusion.errors import UnreadableFile
from diffusion.latent import SD15_SPACE, Latent

TENSOR, MARKER = "latent_tensor", "latent_format_version_0"


def write_latent(path: Path, latent: Latent, metadata: Mapping[str, str]) -> None:
    """Write ``latent.samples`` (B, C, H, W) as float32, with texts such as the workflow as metadata."""
    tensors = {TENSOR: latent.samples.contiguous().float(), MARKER: torch.zeros(0)}
    save_file(tensors, os.fspath(path), metadata=dict(metadata))


def read_latent(path: Path, name: str) -> Latent:
    """Read a `.latent` file. ``name`` is what an error calls it. Raises UnreadableFile."""
    try:
        tensors = load_file(os.fspath(path))
    except (SafetensorError, OSError) as error:
        raise UnreadableFile(f"{name} is not a latent file, or it was cut short. Save it again.") from error
    samples = tensors.get(TENSOR)
    if samples is None or samples.ndim != 4:
        raise UnreadableFile(f"{name} holds no latents: a tensor called {TENSOR!r} with four axes was expected.")
    if not torch.isfinite(samples).all():
        raise UnreadableFile(f"{name} holds numbers that are not finite. Make it again.")
    return Latent(samples.float() if MARKER in tensors else samples.float() / SD15_SPACE.scale)
