import pytest
import torch

from diffusion.adapters.loaded import LoadedFiles
from diffusion.adapters.patches import inspect_adapter, patches_for
from diffusion.errors import AdapterMismatch, FileNotInFolder, UnreadableFile
from diffusion.handle import Applied

QUERY = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
KOHYA = "lora_unet_" + QUERY.replace(".", "_")
TEXT = "text_model.encoder.layers.0.self_attn.q_proj"
WEIGHT = QUERY + ".weight"


@pytest.fixture
def style(loras):
    """A LoRA for one layer of the model and one of the text encoder, alpha 2 for rank 4."""
    alpha = torch.tensor(2.0)
    up, down = loras.rand(32, 4), loras.rand(4, 32)
    name = loras.write(
        "style",
        {
            f"{KOHYA}.lora_up.weight": up,
            f"{KOHYA}.lora_down.weight": down,
            f"{KOHYA}.alpha": alpha,
            "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight": (48, 4),
            "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight": (4, 48),
            "lora_te_text_model_encoder_layers_0_self_attn_q_proj.alpha": alpha,
        },
    )
    return name, 0.5 * up @ down


def test_a_kohya_lora_changes_the_weight_it_names(style, changed):
    name, product = style
    pristine, result = changed((name, 0.8))
    assert result.keys() == {WEIGHT}
    assert torch.allclose(result[WEIGHT], pristine[WEIGHT] + 0.8 * product, atol=1e-6)


def test_its_text_part_changes_the_text_encoder(style, changed):
    _, result = changed((style[0], 1.0), component="text")
    assert result.keys() == {f"{TEXT}.weight"}


def test_the_same_adapter_twice_adds(style, loras, targets):
    ref = loras.folders.ref("loras", style[0])
    twice = patches_for(loras.folders, (Applied(ref, 0.25), Applied(ref, 0.5)), "model", targets["model"])
    assert [patch.strength for patch in twice[WEIGHT]] == [0.75]


@pytest.mark.parametrize("strengths", [(0.7, -0.7), (0.1, 0.2, -0.3), (1.0, 0.0, -1.0), (0.0,), ()])
def test_strengths_that_cancel_leave_nothing(style, loras, targets, strengths):
    ref = loras.folders.ref("loras", style[0])
    stack = tuple(Applied(ref, strength) for strength in strengths)
    assert patches_for(loras.folders, stack, "model", targets["model"]) == {}


def test_the_order_of_a_stack_does_not_matter(style, loras, targets):
    other = loras.write("other", {f"{KOHYA}.lora_up.weight": (32, 2), f"{KOHYA}.lora_down.weight": (2, 32)})
    refs = [loras.folders.ref("loras", name) for name in (style[0], other)]
    one, two = Applied(refs[0], 0.3), Applied(refs[1], 0.6)
    forward = patches_for(loras.folders, (one, two, one), "model", targets["model"])
    backward = patches_for(loras.folders, (one, one, two), "model", targets["model"])
    assert forward == backward
    assert {patch.strength for patch in forward[WEIGHT]} == {0.6}


def test_equal_stacks_give_equal_patches_so_that_unchanged_weights_are_left_alone(style, loras, targets):
    ref = loras.folders.ref("loras", style[0])
    stack = (Applied(ref, 0.5),)
    first = patches_for(loras.folders, stack, "model", targets["model"])
    assert first == patches_for(loras.folders, stack, "model", targets["model"])
    assert first != patches_for(loras.folders, (Applied(ref, 0.6),), "model", targets["model"])


def test_a_file_of_another_model_is_refused_saying_what_it_was_made_for(loras, targets):
    key = QUERY.replace("attn1.to_q", "attn2.to_k").replace(".", "_")
    name = loras.write(
        "xl",
        {
            f"lora_unet_{key}.lora_up.weight": (32, 4),
            f"lora_unet_{key}.lora_down.weight": (4, 2048),
            f"{KOHYA}.lora_up.weight": (32, 4),
            f"{KOHYA}.lora_down.weight": (4, 32),
        },
    )
    with pytest.raises(AdapterMismatch, match=r"made for SDXL, and this model is Stable Diffusion 1\.x"):
        inspect_adapter(loras.folders, name, targets)


def test_a_file_that_changes_nothing_is_refused(loras, targets):
    stem = "lora_unet_double_blocks_0_img_attn_proj"
    name = loras.write("flux", {f"{stem}.lora_up.weight": (32, 4), f"{stem}.lora_down.weight": (4, 32)})
    del targets["model"]["down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"]
    with pytest.raises(AdapterMismatch, match=r"flux\.safetensors changes nothing .* made for FLUX\.1"):
        inspect_adapter(loras.folders, name, targets)


def test_nan_in_a_file_is_refused_by_the_files_name(loras, targets):
    up = torch.zeros(32, 4)
    up[3, 1] = float("nan")
    name = loras.write("burnt", {f"{KOHYA}.lora_up.weight": up, f"{KOHYA}.lora_down.weight": (4, 32)})
    with pytest.raises(UnreadableFile, match=r"loras/burnt\.safetensors holds NaN"):
        inspect_adapter(loras.folders, name, targets)


def test_a_file_that_was_replaced_since_it_was_chosen_is_refused(style, loras, targets):
    ref = loras.folders.ref("loras", style[0])
    loras.write("style", {f"{KOHYA}.lora_up.weight": (32, 8), f"{KOHYA}.lora_down.weight": (8, 32)})
    with pytest.raises(UnreadableFile, match=r"style\.safetensors was replaced"):
        patches_for(loras.folders, (Applied(ref, 1.0),), "model", targets["model"])


def test_a_name_that_is_not_there_is_refused(loras, targets):
    with pytest.raises(FileNotInFolder, match="styel"):
        inspect_adapter(loras.folders, "styel.safetensors", targets)


def test_the_least_recently_used_files_are_dropped_beyond_the_budget(style, loras):
    other = loras.write("other", {f"{KOHYA}.lora_up.weight": (32, 2), f"{KOHYA}.lora_down.weight": (2, 32)})
    first, second = (loras.folders.ref("loras", name) for name in (style[0], other))
    files = LoadedFiles(budget=600)
    kept = files.get(loras.folders, second)
    assert files.get(loras.folders, second) is kept
    files.get(loras.folders, first)
    assert files.get(loras.folders, second) is not kept
