import pytest

from diffusion.adapters.blocks import LISTS, block_of, block_weights, blocks_option
from diffusion.adapters.patches import patches_for
from diffusion.errors import AdapterMismatch
from diffusion.families.family import Target
from diffusion.handle import Applied


@pytest.mark.parametrize(
    ("file_name", "block"),
    [
        ("model.diffusion_model.input_blocks.0.0.weight", "IN00"),
        ("model.diffusion_model.input_blocks.11.0.in_layers.2.weight", "IN11"),
        ("model.diffusion_model.middle_block.1.proj_in.weight", "M00"),
        ("model.diffusion_model.output_blocks.3.1.transformer_blocks.0.attn1.to_q.weight", "OUT03"),
        ("model.diffusion_model.time_embed.0.weight", "BASE"),
    ],
)
def test_the_block_of_a_weight_is_read_off_its_name_in_the_file(file_name, block):
    assert block_of("model", file_name) == block


def test_the_text_encoder_is_the_base():
    assert block_of("text", "cond_stage_model.transformer.text_model.encoder.layers.3.mlp.fc1.weight") == "BASE"


@pytest.mark.parametrize("length", sorted(LISTS))
def test_a_list_names_its_blocks_in_order_and_leaves_the_others_out(length):
    factors = block_weights(",".join(str(n + 1) for n in range(length)))
    assert [factors[label] for label in LISTS[length]] == list(range(1, length + 1))
    assert sum(factors.values()) - (length == 25) == length * (length + 1) / 2
    assert len(factors) == 26


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("1,2,3", "lists of 12, 17, 20, 25, 26"), ("1,x", "numbers separated"), (",".join(["nan"] * 26), "finite")],
)
def test_another_list_is_refused(text, sentence):
    with pytest.raises(AdapterMismatch, match=sentence):
        block_weights(text)


@pytest.mark.parametrize(
    ("preset", "numbers"),
    [
        # as the lists of 17 that people know by these names
        ("INS", "1,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0"),
        ("IND", "1,0,0,0,1,1,1,0,0,0,0,0,0,0,0,0,0"),
        ("INALL", "1,1,1,1,1,1,1,0,0,0,0,0,0,0,0,0,0"),
        ("MIDD", "1,0,0,0,1,1,1,1,1,1,1,1,0,0,0,0,0"),
        ("OUTD", "1,0,0,0,0,0,0,0,1,1,1,1,0,0,0,0,0"),
        ("OUTS", "1,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1"),
        ("outall", "1,0,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1"),
        ("NONE", "0" + ",0" * 16),
        ("ALL", "1" + ",1" * 25),
    ],
)
def test_a_preset_is_its_list(preset, numbers):
    assert block_weights(preset) == block_weights(numbers)
    assert blocks_option(preset) == blocks_option(numbers)


def test_a_list_of_25_leaves_the_text_encoder_as_it_is():
    assert block_weights(",".join(["0.5"] * 25))["BASE"] == 1


def test_factors_of_one_are_no_option():
    assert blocks_option("ALL") == blocks_option(" all ") == ()


def test_block_weights_scale_the_strength_and_a_zero_leaves_the_weight_alone(loras):
    names = [f"input_blocks.{n}.1.proj_in" for n in (1, 2, 4)]
    targets = {f"{name}.weight": Target(f"{name}.weight", (8, 8), f"{name}.weight") for name in names}
    tensors = {f"diffusion_model.{name}.lora_{side}.weight": (8, 8) for name in names for side in "AB"}
    ref = loras.folders.ref("loras", loras.write("blocks", tensors))
    half = Applied(ref, 0.8, (("blocks", "1,0.5,0" + ",1" * 14),))
    patches = patches_for(loras.folders, (half,), "model", targets)
    assert {name: [patch.strength for patch in on_weight] for name, on_weight in patches.items()} == {
        "input_blocks.1.1.proj_in.weight": [0.4],
        "input_blocks.4.1.proj_in.weight": [0.8],
    }
