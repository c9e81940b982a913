"""Values of this package as JSON and named tensors, and back.

Any dataclass of this package can be stored – handles, latents, pictures, masks, conditioning – whose fields hold plain
values, tensors, or such dataclasses again. Importing this needs no torch, nor does anything that holds no tensor.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from diffusion.errors import UnreadableFile

if TYPE_CHECKING:
    from torch import Tensor

PLAIN = (str, int, float, bool, type(None))
PACKAGE = __name__.partition(".")[0]


class NotStorable(Exception):
    """A value holds something that has no form in a file. Never leaves this package's codecs."""


def dump(value: Any) -> tuple[Any, dict[str, Tensor]] | None:
    """The value as JSON and tensors by name, which are not copied; None where part of it cannot be stored."""
    tensors: dict[str, Tensor] = {}
    try:
        return _dump(value, tensors), tensors
    except NotStorable:
        return None


def load(document: Any, tensors: Mapping[str, Tensor]) -> Any:
    """What `dump` took apart. Raises UnreadableFile where the two do not belong together or are of another version."""
    try:
        return _load(document, tensors)
    except (KeyError, TypeError, ValueError, AttributeError, ImportError) as error:
        raise UnreadableFile(f"A stored output cannot be read: {error!r}.") from error


def write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to a safetensors file, wherever they are and however they lie in memory."""
    from safetensors.torch import save_file

    memory: set[int] = set()
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        whole = tensor.detach().cpu().contiguous()
        place = whole.untyped_storage().data_ptr()
        stored[name] = whole.clone() if place in memory else whole  # the format knows no two views of one memory
        memory.add(place)
    save_file(stored, os.fspath(path))


def read(path: Path) -> dict[str, Tensor]:
    """What `write` wrote, read whole: a mapped file that somebody truncates would kill the process."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(path.read_bytes())
    except SafetensorError as error:
        raise UnreadableFile(f"The stored output {path.name} is damaged: {error}.") from error


def is_tensor(value: Any) -> TypeGuard[Tensor]:
    """Whether a value is a tensor. Where torch was never imported, nothing is."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _dump(value: Any, tensors: dict[str, Tensor]) -> Any:
    if type(value) in PLAIN:
        return value
    if is_tensor(value):
        if value.is_sparse or value.is_meta:
            raise NotStorable(str(value.layout))
        name = str(len(tensors))
        tensors[name] = value
        return {"tensor": name}
    if type(value) in (tuple, list):
        return {type(value).__name__: [_dump(item, tensors) for item in value]}
    if isinstance(value, Mapping):
        pairs = sorted(value.items(), key=lambda pair: repr(pair[0]))  # equal mappings look alike
        return {"mapping": [[_dump(key, tensors), _dump(item, tensors)] for key, item in pairs]}
    kind = type(value)
    if is_dataclass(kind) and kind.__module__.split(".")[0] == PACKAGE:
        held = {field.name: _dump(getattr(value, field.name), tensors) for field in fields(value)}
        return {"type": f"{kind.__module__}:{kind.__qualname__}", "fields": held}
    raise NotStorable(kind.__qualname__)


def _load(document: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(document, dict):
        return document
    if "tensor" in document:
        return tensors[document["tensor"]]
    if "tuple" in document:
        return tuple(_load(item, tensors) for item in document["tuple"])
    if "list" in document:
        return [_load(item, tensors) for item in document["list"]]
    if "mapping" in document:
        return {_load(key, tensors): _load(item, tensors) for key, item in document["mapping"]}
    module, _, name = document["type"].partition(":")
    if module.split(".")[0] != PACKAGE:
        raise ValueError(f"{document['type']} is not of this package")
    kind = getattr(import_module(module), name)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise ValueError(f"{document['type']} is no value")
    return kind(**{field: _load(item, tensors) for field, item in document["fields"].items()})
