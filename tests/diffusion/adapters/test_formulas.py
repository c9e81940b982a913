"""Every kind at every strength against the formula, computed a second time (`dense.py`)."""

import pytest
import torch

from tests.diffusion.adapters import dense

STRENGTHS = (-1.0, 0.5, 1.0, 1.7)
CASES = [(kind, shape) for kind in dense.KINDS for shape in (dense.LINEAR, dense.CONV)]
CASES += [(kind, dense.CONV) for kind in dense.CONVOLUTIONAL]
LAYERS = {
    dense.LINEAR: "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q",
    dense.CONV: "down_blocks.0.resnets.0.conv1",
}
EXACT = 1e-5


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize(("kind", "shape"), CASES, ids=lambda value: str(value))
def test_a_kind_changes_a_weight_as_its_formula_says(kind, shape, strength, loras, changed):
    layer = LAYERS[shape]
    sample = (dense.KINDS | dense.CONVOLUTIONAL)[kind](7, shape)
    stem = "lora_unet_" + layer.replace(".", "_")
    name = loras.write("adapter", {f"{stem}.{suffix}": tensor for suffix, tensor in sample.tensors.items()})
    pristine, result = changed((name, strength))
    expected = sample.change(pristine[f"{layer}.weight"].double(), strength)
    got = result[f"{layer}.weight"].double() - pristine[f"{layer}.weight"].double()
    assert torch.linalg.vector_norm(got - expected) <= EXACT * torch.linalg.vector_norm(expected)


@pytest.mark.parametrize("kind", sorted(dense.KINDS))
def test_strength_zero_changes_nothing(kind, loras, changed):
    stem = "lora_unet_" + LAYERS[dense.LINEAR].replace(".", "_")
    sample = dense.KINDS[kind](7, dense.LINEAR)
    name = loras.write("adapter", {f"{stem}.{suffix}": tensor for suffix, tensor in sample.tensors.items()})
    assert changed((name, 0.0))[1] == {}


@pytest.mark.parametrize("kind", sorted(dense.KINDS))
def test_a_vanishing_strength_makes_a_vanishing_change(kind, loras, changed):
    stem = "lora_unet_" + LAYERS[dense.LINEAR].replace(".", "_")
    sample = dense.KINDS[kind](7, dense.LINEAR)
    name = loras.write("adapter", {f"{stem}.{suffix}": tensor for suffix, tensor in sample.tensors.items()})
    pristine, result = changed((name, 1e-6))
    weight = LAYERS[dense.LINEAR] + ".weight"
    assert torch.allclose(result[weight], pristine[weight], atol=1e-4)
