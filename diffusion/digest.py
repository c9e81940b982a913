"""What tells one value from another, and how much memory each holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from diffusion.codecs import dump, is_tensor

if TYPE_CHECKING:
    from torch import Tensor


def digest(value: Any) -> str | None:
    """Text that is equal exactly when two values are, tensors bit for bit; None for what this package does not know."""
    taken = dump(value)
    if taken is None:
        return None
    document, tensors = taken
    state = blake2b(json.dumps(document, sort_keys=True).encode(), digest_size=16)
    for tensor in tensors.values():
        state.update(f"{tensor.dtype} {list(tensor.shape)}".encode())
        state.update(content(tensor))
    return state.hexdigest()


def size(value: Any) -> int:
    """Bytes of the tensors a value holds; memory that several share counts once."""
    memory = (tensor.untyped_storage() for tensor in tensors_in(value) if not tensor.is_sparse)
    return sum({storage.data_ptr(): storage.nbytes() for storage in memory}.values())


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Every tensor in a value, through lists, mappings and dataclasses."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if is_tensor(inner):
            yield inner
        elif isinstance(inner, list | tuple):
            waiting += inner
        elif isinstance(inner, Mapping):
            waiting += inner.values()
        elif is_dataclass(inner):
            waiting += (getattr(inner, field.name) for field in fields(inner))


def content(tensor: Tensor) -> memoryview:
    """A tensor's numbers as bytes, in row order."""
    import torch

    return tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data
