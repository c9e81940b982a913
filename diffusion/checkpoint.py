"""Opening model files as handles. Only headers are read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from diffusion.errors import UnknownFamily, UnreadableFile
from diffusion.families.detection import FAMILIES, detect, looks_like
from diffusion.files.folders import ModelFolders
from diffusion.files.header import PICKLES, Header, read_header
from diffusion.handle import File, ModelHandle, TextHandle, VaeHandle

SD_LATENT_CHANNELS = 4
SDXL = "stable-diffusion-xl"


class Checkpoint(NamedTuple):
    """The three models a checkpoint holds, as handles."""

    model: ModelHandle
    text: TextHandle
    vae: VaeHandle


def open_checkpoint(folders: ModelFolders, name: str) -> Checkpoint:
    """The models of a checkpoint file. Raises FileNotInFolder, UnreadableFile or UnknownFamily."""
    file = folders.ref("checkpoints", name)
    header = read_any_header(folders.path(file), name)
    family = detect(header)
    family.targets("model", header)
    return Checkpoint(
        ModelHandle(File(file, "model"), family.id, family.sampling(header)),
        TextHandle(File(file, "text"), family.id),
        VaeHandle(File(file, "vae"), family.id),
    )


def open_vae(folders: ModelFolders, name: str) -> VaeHandle:
    """The VAE in a file of its own. Raises FileNotInFolder, UnreadableFile or UnknownFamily."""
    file = folders.ref("vae", name)
    header = read_any_header(folders.path(file), name)
    for family in FAMILIES:
        config = family.parts["vae"].infer(header)
        if config is not None:
            if config.latent_channels != SD_LATENT_CHANNELS:
                raise UnknownFamily(
                    f"{name} is a VAE with {config.latent_channels} latent channels, as FLUX and Stable Diffusion 3 "
                    f"use. Only VAEs with {SD_LATENT_CHANNELS} can be used here."
                )
            told = header.metadata.get("modelspec.architecture", "")
            if SDXL in told:  # made alike, and only this tells them apart
                raise UnknownFamily(f"{name} is a VAE for Stable Diffusion XL: it says that it is of {told}.")
            return VaeHandle(File(file, "vae"), family.id)
    likeness = looks_like(header)
    raise UnreadableFile(f"{name} is not a VAE." + (f" It looks like {likeness}." if likeness else ""))


def read_any_header(path: Path, name: str) -> Header:
    """The header of a model file of any format; torch is imported for pickles alone. Raises UnreadableFile."""
    if path.suffix.lower() not in PICKLES:
        return read_header(path, name)
    from diffusion.weights import open_weights

    source = open_weights(path, name)
    source.close()
    return source.header
