"""The same change as a LoRA's, stored as other kinds: exact, so that all of them must make the same model."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Tensors = dict[str, Tensor]


def product(lora: Mapping[str, Tensor], weight: Tensor) -> Tensor:
    """The change a LoRA makes to a weight."""
    up, down = lora["lora_up.weight"].float(), lora["lora_down.weight"].float()
    return float(lora["alpha"]) / len(down) * (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)


def difference(lora: Mapping[str, Tensor], weight: Tensor) -> Tensors:
    return {"diff": product(lora, weight)}


def loha(lora: Mapping[str, Tensor], weight: Tensor) -> Tensors:
    """Times a matrix of ones, of rank one."""
    up, down = lora["lora_up.weight"].flatten(1), lora["lora_down.weight"].flatten(1)
    ones = torch.zeros_like(up), torch.zeros_like(down)
    ones[0][:, 0], ones[1][0] = 1, 1
    return {"hada_w1_a": up, "hada_w1_b": down, "hada_w2_a": ones[0], "hada_w2_b": ones[1], "alpha": lora["alpha"]}


def lokr(lora: Mapping[str, Tensor], weight: Tensor) -> Tensors:
    """The Kronecker product with the number one."""
    up, down = lora["lora_up.weight"].flatten(1), lora["lora_down.weight"].flatten(1)
    return {"lokr_w1": torch.ones(1, 1), "lokr_w2_a": up, "lokr_w2_b": down, "alpha": lora["alpha"]}


def glora(lora: Mapping[str, Tensor], weight: Tensor) -> Tensors:
    """Without the part that reads the weight."""
    up, down = lora["lora_up.weight"], lora["lora_down.weight"]
    rank, columns = len(down), weight.shape[1]
    a = {"a1.weight": torch.zeros(columns, rank), "a2.weight": torch.zeros(rank, columns)}
    return {**a, "b1.weight": up, "b2.weight": down, "alpha": lora["alpha"]}


def dora(lora: Mapping[str, Tensor], weight: Tensor) -> Tensors:
    """With the lengths that the rows have anyway."""
    lengths = (weight + product(lora, weight)).flatten(1).norm(dim=1)
    return {**lora, "dora_scale": lengths.reshape(-1, *[1] * (weight.ndim - 1))}


def peft(lora: Mapping[str, Tensor], weight: Tensor) -> Tensors:
    return {"lora_B.weight": lora["lora_up.weight"], "lora_A.weight": lora["lora_down.weight"], "alpha": lora["alpha"]}


CONVERSIONS: dict[str, Callable[[Mapping[str, Tensor], Tensor], Tensors]] = {
    "difference": difference,
    "LoHa": loha,
    "LoKr": lokr,
    "GLoRA": glora,
    "DoRA": dora,
    "PEFT": peft,
}
