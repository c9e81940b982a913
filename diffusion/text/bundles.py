"""Textual inversions that come inside a LoRA's file, for the prompts that are encoded with it. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from diffusion.files.folders import ModelFolders
from diffusion.files.header import PICKLES, read_header
from diffusion.handle import FileRef, Patched, TextHandle

PREFIX = "bundle_emb."
Bundles = Mapping[str, FileRef]
"""The name of a bundled textual inversion → the adapter's file that it is in."""
NONE: Bundles = MappingProxyType({})


def bundles_of(handle: TextHandle, folders: ModelFolders) -> Bundles:
    """What the adapters on a text encoder bring along, at whatever strength; of one name the first one's."""
    found: dict[str, FileRef] = {}
    weights = handle.weights
    while isinstance(weights, Patched):
        for applied in weights.stack:
            path = folders.path(applied.adapter)
            tensors = read_header(path, applied.adapter.path).tensors if path.suffix.lower() not in PICKLES else ()
            for key in tensors:
                name = key.removeprefix(PREFIX).partition(".")[0]
                if key.startswith(PREFIX) and name:
                    found.setdefault(name, applied.adapter)
        weights = weights.base
    return found
