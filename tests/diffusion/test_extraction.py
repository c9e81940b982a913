import pytest
import torch
from safetensors.torch import load_file, save_file

from diffusion.adapters.patches import inspect_adapter
from diffusion.errors import DiffusionError
from diffusion.extraction import save_difference, save_differences
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied
from diffusion.merging import added, subtracted, weighted
from diffusion.model_files import ModelFiles
from diffusion.recipes import Recipes

CPU = torch.device("cpu")
Q = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight"
K = "text_model.encoder.layers.0.self_attn.k_proj.weight"
STEMS = {
    "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q": 32,
    "lora_te_text_model_encoder_layers_0_self_attn_k_proj": 32,
}


@pytest.fixture
def folders(tiny_folders, tmp_path) -> ModelFolders:
    (tmp_path / "loras").mkdir()
    return ModelFolders(tiny_folders.base_directory, preferred={"loras": [tmp_path / "loras"]})


@pytest.fixture
def tuned(folders, tiny):
    """The tiny model with a change of rank 3 to two of its weights."""
    tensors = {}
    for seed, (stem, width) in enumerate(STEMS.items()):
        generator = torch.Generator().manual_seed(seed)
        tensors[f"{stem}.lora_up.weight"] = torch.randn(width, 3, generator=generator)
        tensors[f"{stem}.lora_down.weight"] = torch.randn(3, width, generator=generator)
    save_file(tensors, folders.roots("loras")[0] / "made.safetensors")
    applied = Applied(folders.ref("loras", "made.safetensors"), 1.0)
    return tiny.model.clone(applied), tiny.text.clone(applied)


def value(folders, handle, name) -> torch.Tensor:
    return Recipes(folders, ModelFiles(folders)).of(handle.weights, handle.family)[name].value(CPU)


def test_what_is_extracted_gives_the_difference_back(folders, tiny, tuned, tmp_path):
    model, text = tuned
    pairs = [(tiny.model, model), (tiny.text, text)]
    save_difference(folders, tmp_path / "loras" / "found.safetensors", pairs, rank=3, stored_as="fp32")
    applied = Applied(folders.ref("loras", "found.safetensors"), 1.0)
    for base, other, name in ((tiny.model, model, Q), (tiny.text, text, K)):
        got = value(folders, base.clone(applied), name)
        torch.testing.assert_close(got, value(folders, other, name), rtol=1e-4, atol=1e-4)


def test_the_file_matches_all_of_what_differs_and_nothing_else(folders, tiny, tuned, tmp_path):
    save_difference(folders, tmp_path / "loras" / "found.safetensors", [(tiny.model, tuned[0])], rank=2)
    recipes = Recipes(folders, ModelFiles(folders))
    targets = {"model": recipes.targets(tiny.model.weights, "sd15")}
    _, report = inspect_adapter(folders, "found.safetensors", targets)
    assert not list(report.warnings())
    assert load_file(tmp_path / "loras" / "found.safetensors")[f"{next(iter(STEMS))}.lora_down.weight"].shape == (2, 32)


def test_a_difference_to_a_merge_is_that_share_of_it(folders, tiny, tuned, tmp_path):
    half = weighted(tuned[0], tiny.model, 0.5)
    path = tmp_path / "loras" / "half.safetensors"
    save_difference(folders, path, [(tiny.model, half)], rank=3, stored_as="fp32")
    lora = Applied(folders.ref("loras", "half.safetensors"), 2.0)
    got = value(folders, tiny.model.clone(lora), Q)
    torch.testing.assert_close(got, value(folders, tuned[0], Q), rtol=1e-4, atol=1e-4)


def test_a_difference_keeps_what_it_was_multiplied_by_and_may_leave_biases_out(folders, tiny, tuned, tmp_path):
    twice = subtracted(tuned[0], tiny.model, 2.0)
    path = tmp_path / "loras" / "twice.safetensors"
    save_differences(folders, path, [twice], rank=None, biases=False, stored_as="fp32")
    lora = Applied(folders.ref("loras", "twice.safetensors"), 0.5)
    got = value(folders, tiny.model.clone(lora), Q)
    torch.testing.assert_close(got, value(folders, tuned[0], Q), rtol=1e-4, atol=1e-4)
    assert all(name.endswith(".diff") for name in load_file(path))


def test_sums_of_differences_are_differences_and_models_are_none(folders, tiny, tuned, tmp_path):
    difference = subtracted(tuned[0], tiny.model, 1.0)
    save_differences(folders, tmp_path / "sum.safetensors", [added(difference, difference)], rank=3)
    with pytest.raises(DiffusionError, match="this is a model itself"):
        save_differences(folders, tmp_path / "x.safetensors", [added(tiny.model, difference)], rank=3)


def test_equal_models_have_no_difference(folders, tiny, tmp_path):
    with pytest.raises(DiffusionError, match="equal"):
        save_difference(folders, tmp_path / "x.safetensors", [(tiny.model, tiny.model)], rank=3)
