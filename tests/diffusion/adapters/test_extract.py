import pytest
import torch

from diffusion.adapters.adapter import apply_patches
from diffusion.adapters.extract import extract_lora, factors
from diffusion.adapters.patches import inspect_adapter, patches_for
from diffusion.handle import Applied


@pytest.mark.parametrize("shape", [(24, 16), (24, 16, 3, 3), (4, 64)])
def test_a_difference_of_low_rank_is_found_again(shape):
    up, down = torch.randn(shape[0], 3), torch.randn(3, torch.Size(shape[1:]).numel())
    difference = (up @ down).reshape(shape)
    up, down = factors(difference, 3)
    assert (up.flatten(1) @ down.flatten(1) - difference.flatten(1)).norm() <= 1e-5 * difference.norm()


def test_no_factors_of_a_rank_come_nearer():
    difference = torch.randn(24, 16)
    up, down = factors(difference, 5)
    left_over = torch.linalg.svdvals(difference)[5:].norm()
    assert torch.allclose((up @ down - difference).norm(), left_over, atol=1e-4)


@pytest.mark.parametrize(("component", "rank"), [("model", 32), ("text", 48), ("model", None)])
def test_an_extracted_adapter_turns_one_model_into_the_other(component, rank, loras, targets):
    base = {name: loras.rand(*target.shape) for name, target in targets[component].items()}
    tuned = {name: weight + 0.1 * loras.rand(*weight.shape) for name, weight in base.items()}
    untouched = next(name for name in base if name.endswith(".weight"))
    tuned[untouched] = base[untouched]
    differences = [(name, tuned[name] - weight) for name, weight in base.items()]
    name = loras.write("extracted", extract_lora(component, differences, rank, torch.float32))
    ref, report = inspect_adapter(loras.folders, name, targets)
    assert report.warnings() == ()
    patches = patches_for(loras.folders, (Applied(ref, 1.0),), component, targets[component])
    assert patches.keys() == base.keys() - {untouched}
    for weight, on_weight in patches.items():
        assert torch.allclose(apply_patches(base[weight], on_weight), tuned[weight], atol=1e-5)
