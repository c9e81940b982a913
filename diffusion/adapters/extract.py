"""A LoRA out of the difference between two models: the nearest one of a rank, by singular values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from diffusion.adapters.dialects import BIAS, WEIGHT
from diffusion.handle import Component

if TYPE_CHECKING:
    from torch import Tensor, dtype

STEMS: Mapping[Component, str] = {"model": "lora_unet_", "text": "lora_te_"}


def extract_lora(
    component: Component, differences: Iterable[tuple[str, Tensor]], rank: int | None, stored_as: dtype
) -> dict[str, Tensor]:
    """Tensors of an adapter file, in kohya's names, for what weights differ by, which are named canonically.

    Matrices become LoRA of at most ``rank``, biases and norms whole differences; without a rank all do. What is all
    zeros is left out.
    """
    found: dict[str, Tensor] = {}
    for name, difference in differences:
        if difference.any():
            found.update(_stored(STEMS[component], name, difference, rank, stored_as))
    return found


def _stored(
    prefix: str, name: str, difference: Tensor, rank: int | None, stored_as: dtype
) -> Iterator[tuple[str, Tensor]]:
    ending = BIAS if name.endswith(BIAS) else WEIGHT
    stem = prefix + name.removesuffix(ending).replace(".", "_")
    if ending == BIAS:
        yield f"{stem}.diff_b", difference.to(stored_as)
    elif difference.ndim == 1 or rank is None:
        yield f"{stem}.diff", difference.to(stored_as)
    else:
        up, down = factors(difference, rank)
        yield f"{stem}.lora_up.weight", up.to(stored_as)
        yield f"{stem}.lora_down.weight", down.to(stored_as)
        yield f"{stem}.alpha", up.new_tensor(float(down.shape[0])).to(stored_as)


def factors(difference: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """(up, down) of at most this rank whose product is nearest to the difference; a kernel goes into ``down``."""
    import torch

    left, values, right = torch.linalg.svd(difference.flatten(1), full_matrices=False)
    rank = min(rank, len(values))
    root = values[:rank].sqrt()  # half of each value to either side, so that neither leaves half precision
    ones = [1] * (difference.ndim - 2)
    up = (left[:, :rank] * root).reshape(-1, rank, *ones)
    down = (root[:, None] * right[:rank]).reshape(rank, *difference.shape[1:])
    return up.contiguous(), down.contiguous()
