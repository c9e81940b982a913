import shutil

import pytest
import torch

from diffusion.errors import FileNotInFolder
from diffusion.files.folders import ModelFolders
from diffusion.runtime import Runtime
from nodes.conditioning import encode_prompt
from nodes.lora import load_lora
from nodes.prompt import encode_by_rules, encode_with_adapters, files_in_prompt


@pytest.fixture
def encode(runtime, heard, checkpoint):
    def encode(text, **choices):
        return encode_by_rules(runtime, heard, heard, checkpoint.clip, text, **choices)

    return encode


@pytest.fixture
def noted():
    return []


@pytest.fixture
def adapt(runtime, heard, noted, checkpoint):
    def adapt(text, **choices):
        return encode_with_adapters(
            runtime, heard, heard, noted.append, checkpoint.model, checkpoint.clip, text, **choices
        )

    return adapt


def only(conditioning):
    (entry,) = conditioning.entries
    return entry.embeds


def test_by_the_default_rules_a_prompt_is_what_it_is_elsewhere(runtime, heard, checkpoint, encode):
    elsewhere = encode_prompt(runtime, heard, heard, "a (red:1.2) circle", checkpoint.clip)
    assert torch.equal(only(encode("a (red:1.2) circle").conditioning), only(elsewhere))


def test_an_embedding_needs_no_mark(encode):
    bare, marked, words = encode("a teal circle"), encode("a embedding:teal circle"), encode("a blue circle")
    assert torch.equal(only(bare.conditioning), only(marked.conditioning))
    assert bare.resolved.startswith("embedding teal → embeddings/teal.safetensors: ")
    assert words.resolved == ""


def test_an_adapter_where_none_can_be_put_on_is_a_warning(encode, heard):
    encode("a circle <lora:neon:1>")
    assert "as words" in heard.warnings[0]


def test_by_a1111s_rules_a_prompt_has_an_entry_for_every_form(encode):
    first, second = encode("a [red:blue:5] circle", rules="a1111", steps=10).conditioning.entries
    assert (first.extra["steps"], second.extra["steps"]) == ((0, 1, 2, 3, 4, 5), (6, 7, 8, 9))


def test_adapters_leave_the_prompt_and_go_on_the_models(runtime, heard, noted, checkpoint, adapt):
    adapted = adapt("a circle<lora:neon:0.8:0.5>")
    model, clip = load_lora(
        runtime, heard, noted.append, checkpoint.model, checkpoint.clip, "neon.safetensors", 0.8, 0.5
    )
    assert (adapted.model, adapted.clip) == (model, clip)
    assert torch.equal(only(adapted.conditioning), only(encode_prompt(runtime, heard, heard, "a circle", clip)))
    assert adapted.resolved == "lora neon → loras/neon.safetensors: model 0.8, clip 0.5"
    assert noted[0] == noted[1] and "changes 192 modules" in noted[0]


def test_of_two_strengths_a1111s_rules_take_the_text_encoders_first(adapt):
    adapted = adapt("a circle<lora:neon:0.8:0.5>", rules="a1111")
    assert adapted.resolved == "lora neon → loras/neon.safetensors: model 0.5, clip 0.8"
    assert (adapted.model, adapted.clip) == adapt("a circle<lora:neon:0.5:0.8>")[:2]


def test_everything_a_prompt_names_is_told_in_a_line_of_its_own(adapt, noted):
    adapted = adapt("a teal circle <lora:rocket:te=0:unet=1:dyn=2><hypernet:watercolor:0.5><lora:neon:lbw=NONE>")
    zeros = "0" + ",0" * 25
    assert adapted.resolved.splitlines()[:3] == [
        "lora rocket → loras/rocket.safetensors: model 1, clip 0, rank 2",
        f"lora neon → loras/neon.safetensors: model 1, clip 1, blocks {zeros}",
        "hypernet watercolor → hypernetworks/watercolor.pt: 0.5",
    ]
    assert [patch.strength for patch in adapted.model.block_patches] == [0.5]
    assert noted[0] == "hypernetworks/watercolor.pt: a hypernetwork, put on at strength 0.5."


def test_a_name_that_means_no_file_is_an_error_that_says_near_ones(adapt):
    with pytest.raises(FileNotInFolder, match=r"There is no neom in loras\. Near names: neon"):
        adapt("a circle <lora:neom:1>")
    with pytest.raises(FileNotInFolder, match="hypernetworks"):
        adapt("a circle <hypernet:neon:1>")


def test_a_name_that_means_two_files_is_an_error_that_lists_them(runtime, heard, checkpoint, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        shutil.copy(runtime.folders.path("loras", "neon.safetensors"), tmp_path / folder / "sea.safetensors")
    base = runtime.folders.base_directory
    folders = ModelFolders(base, extra={"loras": [tmp_path]})
    with pytest.raises(FileNotInFolder, match=r"it could be one/sea\.safetensors, two/sea\.safetensors"):
        encode_with_adapters(
            Runtime(folders, device="cpu"),
            heard,
            heard,
            heard,
            checkpoint.model,
            checkpoint.clip,
            "a circle <lora:sea:1>",
        )


def test_what_only_looks_like_an_adapter_is_a_warning(adapt, heard):
    assert adapt("a circle <lora:neon:strong>").resolved == ""
    assert heard.warnings == ["<lora:neon:strong> in the prompt is left out: 'strong' is no number."]


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("a teal circle <lora:neon:1> <hypernet:watercolor:1>", 3),
        ("a circle <lora:neon:1><lora:neon.safetensors:1>", 1),
        ("a circle <lora:nothing:1>", 0),
        ("a circle", 0),
    ],
)
@pytest.mark.parametrize("rules", ["default", "a1111"])
def test_files_that_a_prompt_names_are_part_of_what_the_node_depends_on(runtime, text, files, rules):
    assert files_in_prompt({"text": text, "rules": rules}, {Runtime: runtime}).count("@") == files
