"""ControlNets as values: which one, shown what, how strongly and when. Opening one reads its header alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffusion.checkpoint import read_any_header
from diffusion.conditioning import WHOLE, Span
from diffusion.errors import UnknownFamily, UnreadableFile
from diffusion.families import sd15
from diffusion.families.detection import looks_like
from diffusion.files.folders import ModelFolders
from diffusion.files.header import Header
from diffusion.handle import ControlHandle, File

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """A ControlNet at work on one prompt."""

    net: ControlHandle
    hint: Tensor  # (B, H, W, C) in 0…1, of any size
    strength: float = 1.0
    span: Span = WHOLE
    shared: bool = False
    """Whether the other prompts are steered as well, where they have no ControlNet of their own."""


def open_control_net(folders: ModelFolders, name: str) -> ControlHandle:
    """The ControlNet in a file. Raises FileNotInFolder, UnreadableFile or UnknownFamily."""
    file = folders.ref("controlnet", name)
    header = read_any_header(folders.path(file), name)
    for words, fits in OTHERS:
        if fits(header):
            raise UnknownFamily(f"{name} is {words}, which this version cannot run. {NEEDED}")
    family = sd15.FAMILY
    config = family.parts["control"].infer(header)
    if config is None:
        likeness = looks_like(header)
        raise UnreadableFile(f"{name} is not a ControlNet." + (f" It looks like {likeness}." if likeness else ""))
    if config.unet.context_width >= sd15.CONTEXT_OF_SD2:
        other = "XL" if config.unet.context_width > sd15.CONTEXT_OF_SD2 else "2"
        raise UnknownFamily(f"{name} is a ControlNet for Stable Diffusion {other}. {NEEDED}")
    family.targets("control", header)
    return ControlHandle(File(file, "control"), family.id, pooled="shuffle" in name.lower())


NEEDED = f"It takes a ControlNet for {sd15.FAMILY.title}."


def _has(*names: str) -> Callable[[Header], bool]:
    return lambda header: any(name in header.tensors for name in names)


def _starts(*starts: str) -> Callable[[Header], bool]:
    return lambda header: any(name.startswith(starts) for name in header.tensors)


OTHERS: tuple[tuple[str, Callable[[Header], bool]], ...] = (
    ("a Control-LoRA", _has("lora_controlnet")),
    ("a ControlNet stored as its difference from a model", _has("difference")),
    ("a ControlLLLite", _starts("lllite_")),
    ("a T2I-Adapter", _starts("adapter.", "body.0.")),
    (
        "a ControlNet for Stable Diffusion XL",
        _starts("add_embedding.", "label_emb.", "control_model.label_emb.", "control_add_embedding."),
    ),
    ("a ControlNet for FLUX", _starts("controlnet_x_embedder.", "double_blocks.", "single_transformer_blocks.")),
    ("a ControlNet for Stable Diffusion 3", _starts("pos_embed_input.", "transformer_blocks.")),
)
"""Words → test; the first that fits is said."""
