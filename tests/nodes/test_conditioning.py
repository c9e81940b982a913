import torch

from diffusion.runtime import Runtime
from nodes.conditioning import encode_prompt, files_in_text, set_last_layer


def encoded(runtime, heard, text, clip):
    return encode_prompt(runtime, heard, heard, text, clip).entries[0].embeds


def test_a_prompt_becomes_one_entry_of_77_tokens(runtime, checkpoint, heard):
    assert encoded(runtime, heard, "a red circle", checkpoint.clip).shape[:2] == (1, 77)


def test_an_earlier_layer_gives_another_answer(runtime, checkpoint, heard):
    earlier = set_last_layer(checkpoint.clip, -2)
    assert earlier.skip == 1
    same, other = (encoded(runtime, heard, "a red circle", clip) for clip in (checkpoint.clip, earlier))
    assert not torch.equal(same, other)


def test_a_textual_inversion_that_is_not_there_is_a_warning(runtime, checkpoint, heard):
    encoded(runtime, heard, "a circle in embedding:no_such_thing", checkpoint.clip)
    assert "no_such_thing" in heard.warnings[0]


def test_adapters_that_a_prompt_names_are_said_to_be_words_here(runtime, checkpoint, heard):
    encoded(runtime, heard, "a circle <lora:neon:0.8>", checkpoint.clip)
    assert "EncodePromptWithAdapters" in heard.warnings[0]


def test_files_that_a_prompt_names_are_part_of_what_it_depends_on(runtime):
    named = files_in_text({"text": "a circle, embedding:teal"}, {Runtime: runtime})
    assert named.startswith("embeddings/teal.safetensors@")
    assert files_in_text({"text": "a circle"}, {Runtime: runtime}) == ""
