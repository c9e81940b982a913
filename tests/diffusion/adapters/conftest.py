"""A small model in the Stable Diffusion 1.x layout, as names and shapes, and a folder to write adapters into."""

import pytest
import torch

from diffusion.families.family import Target
from tests.diffusion.adapters.loras import Loras

torch.set_num_threads(1)

BLOCK = "down_blocks.0.attentions.0"
ORIGINAL = "model.diffusion_model.input_blocks.1.1"
MODEL = {
    # canonical module: (name in the checkpoint, shape of its weight)
    "conv_in": ("model.diffusion_model.input_blocks.0.0", (32, 4, 3, 3)),
    "down_blocks.0.resnets.0.conv1": ("model.diffusion_model.input_blocks.1.0.in_layers.2", (32, 32, 3, 3)),
    "down_blocks.0.resnets.0.norm1": ("model.diffusion_model.input_blocks.1.0.in_layers.0", (32,)),
    f"{BLOCK}.proj_in": (f"{ORIGINAL}.proj_in", (32, 32, 1, 1)),
    f"{BLOCK}.transformer_blocks.0.attn1.to_q": (f"{ORIGINAL}.transformer_blocks.0.attn1.to_q", (32, 32)),
    f"{BLOCK}.transformer_blocks.0.attn1.to_k": (f"{ORIGINAL}.transformer_blocks.0.attn1.to_k", (32, 32)),
    f"{BLOCK}.transformer_blocks.0.attn1.to_out.0": (f"{ORIGINAL}.transformer_blocks.0.attn1.to_out.0", (32, 32)),
    f"{BLOCK}.transformer_blocks.0.attn2.to_k": (f"{ORIGINAL}.transformer_blocks.0.attn2.to_k", (32, 768)),
    f"{BLOCK}.transformer_blocks.0.ff.net.2": (f"{ORIGINAL}.transformer_blocks.0.ff.net.2", (32, 128)),
}
TEXT = {
    f"text_model.encoder.layers.0.{name}": (f"cond_stage_model.transformer.text_model.encoder.layers.0.{name}", shape)
    for name, shape in {
        "self_attn.q_proj": (48, 48),
        "self_attn.out_proj": (48, 48),
        "mlp.fc1": (192, 48),
    }.items()
}


def as_targets(modules):
    """Targets of weights, and of biases where layers of such models have one."""
    found = {}
    for module, (file_name, shape) in modules.items():
        found[f"{module}.weight"] = Target(f"{module}.weight", shape, f"{file_name}.weight")
        if not module.endswith(("to_q", "to_k")):
            found[f"{module}.bias"] = Target(f"{module}.bias", shape[:1], f"{file_name}.bias")
    return found


@pytest.fixture
def targets():
    return {"model": as_targets(MODEL), "text": as_targets(TEXT)}


@pytest.fixture
def loras(tmp_path):
    return Loras(tmp_path)


@pytest.fixture
def changed(loras, targets):
    """What an adapter file makes of the model's random weights: ({weight: pristine}, {weight: changed})."""
    from diffusion.adapters.adapter import apply_patches
    from diffusion.adapters.patches import patches_for
    from diffusion.handle import Applied

    def change(*stack, component="model"):
        applied = tuple(Applied(loras.folders.ref("loras", name), strength) for name, strength in stack)
        pristine = {name: loras.rand(*target.shape) for name, target in targets[component].items()}
        patches = patches_for(loras.folders, applied, component, targets[component])
        return pristine, {name: apply_patches(pristine[name], on_weight) for name, on_weight in patches.items()}

    return change
