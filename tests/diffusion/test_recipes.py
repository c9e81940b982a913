import pytest
import torch

from diffusion.handle import Applied, Blend, FileRef, ModelHandle, Patched
from diffusion.model_files import ModelFiles
from diffusion.recipes import Recipes, component_of, files_of, same_but_for_ones

Q = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight"


@pytest.fixture
def recipes(demo_folders) -> Recipes:
    return Recipes(demo_folders, ModelFiles(demo_folders))


@pytest.fixture
def neon(demo_folders) -> FileRef:
    return demo_folders.ref("loras", "neon.safetensors")


def keys(recipes, weights):
    return {name: recipe.key for name, recipe in recipes.of(weights, "sd15").items()}


def test_every_weight_has_a_recipe_with_a_key_of_its_own(recipes, demo):
    found = keys(recipes, demo.model.weights)
    assert found.keys() == recipes.targets(demo.model.weights, "sd15").keys()
    assert len(set(found.values())) == len(found)


def test_only_weights_that_an_adapter_changes_get_another_key(recipes, demo, neon):
    base, patched = keys(recipes, demo.model.weights), keys(recipes, demo.model.clone(Applied(neon, 1.0)).weights)
    changed = {name for name in base if base[name] != patched[name]}
    assert changed
    assert all(".attentions." in name for name in changed)


def test_a_strength_and_its_opposite_give_the_keys_of_the_base(recipes, demo, neon):
    there_and_back = demo.model.clone(Applied(neon, 0.3), Applied(neon, -0.3))
    assert keys(recipes, there_and_back.weights) == keys(recipes, demo.model.weights)


def test_strengths_that_add_up_to_the_same_give_equal_keys(recipes, demo, neon):
    parts = demo.model.clone(Applied(neon, 0.1), Applied(neon, 0.2))
    whole = demo.model.clone(Applied(neon, 0.3))
    assert parts != whole
    assert keys(recipes, parts.weights) == keys(recipes, whole.weights)


def test_a_part_that_counts_alone_is_that_part(recipes, demo, neon):
    patched = demo.model.clone(Applied(neon, 1.0)).weights
    blend = Blend((demo.model.weights, patched), (("", (0.0, 1.0)), ("mid_block.", (1.0, 0.0))))
    blended, base, changed = keys(recipes, blend), keys(recipes, demo.model.weights), keys(recipes, patched)
    assert blended == {name: (base if name.startswith("mid_block.") else changed)[name] for name in base}


def test_ratios_need_not_add_up_to_one(recipes, demo, neon):
    base = demo.model.weights
    added = Blend((base, Patched(base, (Applied(neon, 1.0),)), base), (("", (1.0, 2.0, -2.0)),))
    cpu = torch.device("cpu")
    got = recipes.of(added, "sd15")[Q].value(cpu)
    pristine = recipes.of(base, "sd15")[Q].value(cpu)
    patched = recipes.of(added.parts[1], "sd15")[Q].value(cpu)
    torch.testing.assert_close(got, pristine + 2 * (patched - pristine))


def test_expressions_nest(recipes, demo, neon):
    inner = Blend((demo.model.weights, demo.model.clone(Applied(neon, 1.0)).weights), (("", (0.5, 0.5)),))
    outer = ModelHandle(inner, "sd15").clone(Applied(neon, -0.5))
    cpu = torch.device("cpu")
    got = recipes.of(outer.weights, "sd15")[Q].value(cpu)
    torch.testing.assert_close(got, recipes.of(demo.model.weights, "sd15")[Q].value(cpu))
    assert component_of(outer.weights) == "model"
    assert files_of(outer.weights) == files_of(demo.model.weights)


def test_a_weight_without_any_ratio_is_refused(recipes, demo):
    blend = Blend((demo.model.weights, demo.model.weights), (("mid_block.", (0.5, 0.5)),))
    with pytest.raises(ValueError, match="says no ratio for"):
        recipes.of(blend, "sd15")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [((4, 4, 1, 1), (4, 4), True), ((4, 4), (4, 4), True), ((4, 3), (3, 4), False), ((4, 3), (12,), False)],
)
def test_shapes_may_differ_in_ones_alone(one, other, same):
    assert same_but_for_ones(one, other) is same
