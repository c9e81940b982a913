from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from diffusion.checkpoint import open_checkpoint
from diffusion.errors import DiffusionError, UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied, Blend, ModelHandle, ModelSampling
from diffusion.merging import added, blended, subtracted, weighted, weighted_by_block
from diffusion.model_files import ModelFiles
from diffusion.recipes import Recipe, Recipes, weighted_sum

CPU = torch.device("cpu")
NAMES = {
    "input": ("conv_in.weight", "time_embedding.linear_1.bias", "down_blocks.0.resnets.0.conv1.weight"),
    "middle": ("mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight",),
    "out": ("up_blocks.0.resnets.0.conv1.weight", "conv_norm_out.weight", "conv_out.bias"),
}
EVERY = [name for names in NAMES.values() for name in names]


@pytest.fixture(scope="module")
def recipes(demo_folders) -> Recipes:
    return Recipes(demo_folders, ModelFiles(demo_folders))


@pytest.fixture(scope="module")
def model(demo) -> ModelHandle:
    return demo.model


@pytest.fixture(scope="module")
def neon(demo_folders, model) -> ModelHandle:
    return model.clone(Applied(demo_folders.ref("loras", "neon.safetensors"), 3.0))


@pytest.fixture(scope="module")
def rocket(demo_folders, model) -> ModelHandle:
    return model.clone(Applied(demo_folders.ref("loras", "rocket.safetensors"), 2.0))


class Plain(Recipe):
    """A weight that is never computed."""

    def __init__(self, key: str):
        self.key, self.shape = key, (1,)

    def value(self, place: torch.device) -> Tensor:
        raise AssertionError("nobody asked for a value")


def values(recipes: Recipes, handle, names=EVERY) -> Mapping[str, Tensor]:
    found = recipes.of(handle.weights, handle.family)
    return {name: found[name].value(CPU) for name in names}


def test_a_ratio_is_the_first_models_share(recipes, model, neon):
    ours, theirs = values(recipes, neon), values(recipes, model)
    for name, value in values(recipes, weighted(neon, model, 0.25)).items():
        torch.testing.assert_close(value, 0.25 * ours[name] + 0.75 * theirs[name])


def test_add_difference_gives_what_the_difference_was_taken_from(recipes, model, neon, rocket):
    difference = subtracted(neon, model, 1.5)
    merged, base = values(recipes, added(rocket, difference)), values(recipes, rocket)
    ours, theirs = values(recipes, neon), values(recipes, model)
    for name, value in merged.items():
        torch.testing.assert_close(value, base[name] + 1.5 * (ours[name] - theirs[name]), atol=1e-6, rtol=1e-5)


def test_each_part_of_the_network_has_its_ratio(recipes, model, neon):
    merged = values(recipes, weighted_by_block(neon, model, {"input": 1.0, "middle": 0.5, "out": 0.0}))
    ours, theirs = values(recipes, neon), values(recipes, model)
    for part, ratio in (("input", 1.0), ("middle", 0.5), ("out", 0.0)):
        for name in NAMES[part]:
            torch.testing.assert_close(merged[name], ratio * ours[name] + (1 - ratio) * theirs[name])


@given(percent=st.integers(0, 100))
def test_a_weight_merged_with_itself_is_that_weight_bit_for_bit(percent):
    weight = Plain("a")
    ratio = percent / 100
    assert weighted_sum([(ratio, weight), (float(1 - Decimal(repr(ratio))), weight)]) is weight


def test_a_model_merged_with_itself_is_that_model(recipes, neon):
    alone, merged = recipes.of(neon.weights, "sd15"), recipes.of(weighted(neon, neon, 0.34).weights, "sd15")
    assert all(merged[name].key == recipe.key for name, recipe in alone.items())


def test_a_difference_put_back_is_the_model_it_came_from(recipes, model, neon):
    there = recipes.of(added(model, subtracted(neon, model, 1.0)).weights, "sd15")
    assert all(there[name].key == recipe.key for name, recipe in recipes.of(neon.weights, "sd15").items())


def test_a_model_less_itself_is_nothing(recipes, neon):
    assert not any(value.any() for value in values(recipes, subtracted(neon, neon, 2.0)).values())


def test_an_adapter_on_a_merge_changes_the_merge(recipes, model, neon, demo_folders):
    """What is pristine for it is the merged weight."""
    name = NAMES["middle"][0]
    rocket = Applied(demo_folders.ref("loras", "rocket.safetensors"), 0.5)
    merge = weighted(neon, model, 0.5)
    change = values(recipes, model.clone(rocket))[name] - values(recipes, model)[name]
    assert change.any()
    got = values(recipes, merge.clone(rocket))[name]
    torch.testing.assert_close(got, values(recipes, merge)[name] + change, atol=1e-6, rtol=1e-4)


def test_a_merge_keeps_how_the_first_model_is_sampled(model, neon):
    v = replace(model, sampling=ModelSampling(prediction="v"))
    merged = weighted(v, neon, 0.5)
    assert merged.sampling == v.sampling
    assert isinstance(merged.weights, Blend)


def test_text_encoders_merge_like_networks(recipes, demo, demo_folders):
    text = demo.text
    tuned = text.clone(Applied(demo_folders.ref("loras", "neon.safetensors"), 4.0))
    name = "text_model.encoder.layers.0.self_attn.q_proj.weight"
    ours, theirs = values(recipes, tuned, [name])[name], values(recipes, text, [name])[name]
    got = values(recipes, weighted(tuned, text, 0.5), [name])[name]
    torch.testing.assert_close(got, (ours + theirs) / 2)


def test_models_of_two_families_are_refused(model):
    with pytest.raises(DiffusionError, match="family sd15 cannot be merged with one of sdxl"):
        added(model, replace(model, family="sdxl"))


def test_models_of_other_shapes_are_refused_when_used(recipes, model, demo):
    with pytest.raises(UnreadableFile, match="cannot be merged with"):
        recipes.of(Blend((model.weights, demo.text.weights), (("", (0.5, 0.5)),)), "sd15")


@pytest.fixture(scope="module")
def inpainting(tiny_folders, tiny_tensors, tiny_configs, tiny_metadata, tmp_path_factory):
    """Folders with the tiny model, and one of its shape that sees five channels more."""
    room = tmp_path_factory.mktemp("wide")
    wide = {**tiny_configs, "model": replace(tiny_configs["model"], in_channels=9)}
    save_file(tiny_tensors(wide, 1), room / "wide.safetensors", tiny_metadata)
    folders = ModelFolders(tiny_folders.base_directory, {"checkpoints": [room]})
    return Recipes(folders, ModelFiles(folders)), *(
        open_checkpoint(folders, name).model for name in ("wide.safetensors", "tiny.safetensors")
    )


def test_what_an_inpainting_network_sees_beside_the_latent_stays_its_own(inpainting):
    recipes, wide, narrow = inpainting
    (ours,), (theirs,) = (values(recipes, model, ["conv_in.weight"]).values() for model in (wide, narrow))
    (mixed,) = values(recipes, weighted(wide, narrow, 0.25), ["conv_in.weight"]).values()
    torch.testing.assert_close(mixed[:, :4], 0.25 * ours[:, :4] + 0.75 * theirs)
    assert torch.equal(mixed[:, 4:], ours[:, 4:])


def test_a_difference_makes_an_inpainting_network_of_another_style(inpainting):
    recipes, wide, narrow = inpainting
    difference = subtracted(narrow, weighted(narrow, narrow, 0.5), 1.0)
    merged = values(recipes, added(wide, difference), ["conv_in.weight", "conv_in.bias"])
    assert all(torch.equal(merged[name], value) for name, value in values(recipes, wide, list(merged)).items())
    doubled = subtracted(narrow, blended((narrow, narrow), {"": (-1.0, 0.0)}), 1.0)
    (got,) = values(recipes, added(wide, doubled), ["conv_in.weight"]).values()
    (ours,), (theirs,) = (values(recipes, model, ["conv_in.weight"]).values() for model in (wide, narrow))
    torch.testing.assert_close(got[:, :4], ours[:, :4] + 2 * theirs)
    assert torch.equal(got[:, 4:], ours[:, 4:])


def test_a_network_that_sees_less_cannot_take_one_that_sees_more(inpainting):
    recipes, wide, narrow = inpainting
    with pytest.raises(UnreadableFile, match=r"wide\.safetensors cannot be merged with .*tiny\.safetensors"):
        recipes.of(weighted(narrow, wide, 0.5).weights, "sd15")


def test_a_resident_merge_computes_and_leaves_the_base_as_it_was(demo_residency, model, neon):
    with demo_residency.resident(model) as module:
        before = {name: weight.clone() for name, weight in module.named_parameters()}
    with demo_residency.resident(weighted(neon, model, 0.5)) as module:
        assert any(not torch.equal(weight, before[name]) for name, weight in module.named_parameters())
    with demo_residency.resident(model) as module:
        assert all(torch.equal(weight, before[name]) for name, weight in module.named_parameters())
