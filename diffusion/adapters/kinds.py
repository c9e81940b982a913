"""All kinds of adapters. A new kind is a class in a file of its own and one line here."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from diffusion.adapters.adapter import Kind
from diffusion.adapters.difference import Difference
from diffusion.adapters.lora import LoRA

KINDS: tuple[type[Kind], ...] = (LoRA, Difference)
"""In the order in which a module's tensors are tried on them."""


def kinds_of(roles: Collection[str]) -> Iterator[type[Kind]]:
    """The kinds that a module with tensors in these roles may be."""
    return (kind for kind in KINDS if kind.needs <= set(roles))
