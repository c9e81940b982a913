import pytest

from diffusion.errors import FileNotInFolder
from diffusion.handle import Patched
from nodes.lora import load_lora, load_lora_on_model


def test_a_lora_goes_onto_clones_with_a_strength_for_each(runtime, checkpoint, heard):
    model, clip = load_lora(runtime, heard, checkpoint.model, checkpoint.clip, "neon.safetensors", 0.8, -0.5)
    assert isinstance(model.weights, Patched)
    assert [applied.strength for applied in model.weights.stack] == [0.8]
    assert [applied.strength for applied in clip.weights.stack] == [-0.5]
    assert checkpoint.model.weights == model.weights.base


def test_loras_stack_in_the_order_in_which_they_are_put_on(runtime, checkpoint, heard):
    model, clip = load_lora(runtime, heard, checkpoint.model, checkpoint.clip, "neon.safetensors")
    model, clip = load_lora(runtime, heard, model, clip, "rocket.safetensors", 0.5)
    assert [applied.adapter.path for applied in model.weights.stack] == [
        "loras/neon.safetensors",
        "loras/rocket.safetensors",
    ]


def test_a_lora_that_fits_whole_says_nothing(runtime, checkpoint, heard):
    load_lora(runtime, heard, checkpoint.model, checkpoint.clip, "neon.safetensors")
    assert heard.warnings == []


def test_a_lora_on_the_model_alone_leaves_out_what_is_for_the_text_encoder(runtime, checkpoint, heard):
    model = load_lora_on_model(runtime, heard, checkpoint.model, "neon.safetensors", 0.8)
    assert [applied.strength for applied in model.weights.stack] == [0.8]


def test_a_lora_that_is_not_there_is_named(runtime, checkpoint, heard):
    with pytest.raises(FileNotInFolder, match="neon"):
        load_lora(runtime, heard, checkpoint.model, checkpoint.clip, "neom.safetensors")
