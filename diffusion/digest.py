"""What tells one value from another, and how much memory each holds."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from diffusion.codecs import dump

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
    taken = dump(value)
    held = (
        {}
        if taken is None
        else {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in taken[1].values()}
    )
    return sum(held.values())


def content(tensor: Tensor) -> memoryview:
    """A tensor's numbers as bytes, in row order."""
    import torch

    return tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data
