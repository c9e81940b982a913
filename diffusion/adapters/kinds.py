"""All kinds of adapters. A new kind is a class in a file of its own and one line here."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from diffusion.adapters.adapter import Kind
from diffusion.adapters.difference import Difference
from diffusion.adapters.glora import GLoRA
from diffusion.adapters.ia3 import IA3, PeftIA3
from diffusion.adapters.loha import LoHa
from diffusion.adapters.lokr import LoKr
from diffusion.adapters.lora import LoRA
from diffusion.adapters.oft import BOFT, OFT
from diffusion.adapters.peft_boft import PeftBOFT
from diffusion.adapters.peft_oft import PeftOFT

KINDS: tuple[type[Kind], ...] = (LoRA, LoHa, LoKr, Difference, OFT, BOFT, GLoRA, IA3, PeftIA3, PeftOFT, PeftBOFT)
"""In the order in which a module's tensors are tried on them."""

NOT_APPLIED = {
    "vera_lambda_b": "VeRA",
    "vblora_vector_bank": "VB-LoRA",
    "fourierft_spectrum": "FourierFT",
    "lora_E": "AdaLoRA",
    "hra_u": "HRA",
    "lambda_layer": "T-LoRA",
    "lora_controlnet": "Control-LoRA (a ControlNet)",
    "set_weight": "replaced weights",
    "reshape_weight": "reshaped weights",
}
"""Parts of keys by which kinds are known that are named in reports and not applied."""


def kinds_of(roles: Collection[str]) -> Iterator[type[Kind]]:
    """The kinds that a module with tensors in these roles may be."""
    present = set(roles)
    return (kind for kind in KINDS if any(needs <= present for needs in kind.needs))


def roles_of(kind: type[Kind]) -> frozenset[str]:
    """Every role a kind has a use for."""
    return kind.takes.union(*kind.needs)
