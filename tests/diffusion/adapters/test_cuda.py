"""Every kind on a CUDA device. Needs one: ``pytest -m gpu``."""

import pytest
import torch

from diffusion.adapters.adapter import apply_patches
from diffusion.adapters.patches import patches_for
from diffusion.handle import Applied
from tests.diffusion.adapters import dense

pytestmark = pytest.mark.gpu
LAYER = "down_blocks.0.resnets.0.conv1"


@pytest.mark.parametrize("kind", sorted(dense.KINDS | dense.CONVOLUTIONAL))
def test_a_kind_is_as_exact_on_the_device(kind, loras, targets):
    sample = (dense.KINDS | dense.CONVOLUTIONAL)[kind](7, dense.CONV)
    stem = "lora_unet_" + LAYER.replace(".", "_")
    name = loras.write("adapter", {f"{stem}.{suffix}": tensor for suffix, tensor in sample.tensors.items()})
    applied = (Applied(loras.folders.ref("loras", name), 0.7),)
    (on_weight,) = patches_for(loras.folders, applied, "model", targets["model"]).values()
    pristine = loras.rand(*dense.CONV)
    result = apply_patches(pristine.cuda(), on_weight)
    assert result.is_cuda
    expected = sample.change(pristine.double(), 0.7)
    got = result.cpu().double() - pristine.double()
    assert torch.linalg.vector_norm(got - expected) <= 1e-5 * torch.linalg.vector_norm(expected)
