"""Writing safetensors files tensor by tensor, so that no more than one of them need be in memory.

Format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path

from diffusion.files.header import BITS

ALIGNMENT = 8  # bytes; where the tensors start


def write_tensors(
    path: Path,
    listing: Mapping[str, tuple[str, tuple[int, ...]]],
    metadata: Mapping[str, str],
    content: Callable[[str], memoryview],
) -> None:
    """Write a header, then ``content(name)`` for each name of ``listing`` (name → number format, shape), in its order.

    Raises ValueError where a content is not as long as its shape says.
    """
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    lengths = {name: prod(shape) * BITS[dtype] // 8 for name, (dtype, shape) in listing.items()}
    for name, (dtype, shape) in listing.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + lengths[name]]}
        end += lengths[name]
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for name, length in lengths.items():
            written = file.write(content(name))
            if written != length:
                raise ValueError(f"{name} should have {length} bytes and has {written}.")
