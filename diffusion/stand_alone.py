"""Networks and text encoders in files of their own. Only headers are read."""

from __future__ import annotations

from diffusion.checkpoint import read_any_header
from diffusion.errors import UnreadableFile
from diffusion.families.detection import FAMILIES, detect, looks_like
from diffusion.files.folders import ModelFolders
from diffusion.handle import File, ModelHandle, TextHandle


def open_network(folders: ModelFolders, name: str) -> ModelHandle:
    """The network in a file of its own. Raises FileNotInFolder, UnreadableFile or UnknownFamily."""
    file = folders.ref("diffusion_models", name)
    header = read_any_header(folders.path(file), name)
    family = detect(header)
    family.targets("model", header)
    return ModelHandle(File(file, "model"), family.id, family.sampling(header))


def open_text_encoder(folders: ModelFolders, name: str) -> TextHandle:
    """The text encoder in a file of its own. Raises FileNotInFolder or UnreadableFile."""
    file = folders.ref("text_encoders", name)
    header = read_any_header(folders.path(file), name)
    for family in FAMILIES:
        if family.parts["text"].infer(header) is not None:
            family.targets("text", header)
            return TextHandle(File(file, "text"), family.id)
    likeness = looks_like(header)
    raise UnreadableFile(f"{name} is not a text encoder." + (f" It looks like {likeness}." if likeness else ""))
