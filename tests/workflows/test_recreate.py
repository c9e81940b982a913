from dataclasses import replace

import pytest

from graph.graph import check
from graph.registry import Registry
from nodes import builtin
from workflows.parameters import Parameters, parameters_of, read_parameters, write_parameters
from workflows.recreate import recreate

TEXT = (
    "a cat, <lora:neon:0.5:0.8> in a hat <lora:pixel:1>\n"
    "Negative prompt: blurry\n"
    "Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 18446744073709551615, "
    'Size: 512x768, Model hash: c0ffee0011, Model: model.v2, Clip skip: 2, Lora hashes: "neon: 1234567890ab", '
    'Version: v1.10.1, Hashes: {"model": "c0ffee0011", "lora:pixel": "0123456789"}'
)


class Everything:
    """A drop-down that has whatever is asked for."""

    def names(self):
        return ["a"]

    def find(self, name):
        return name

    def identity(self, name):
        return ""


KINDS = ("checkpoints", "loras", "vae", "samplers", "schedulers")


def inputs(document, node):
    return dict(document.api()[node]["inputs"])


def warnings(document):
    assert not document.errors
    return [problem.message for problem in document.problems]


def of(settings="", prompt="a cat"):
    whole = f"Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: m, RNG: CPU{settings}"
    return recreate(read_parameters(f"{prompt}\n{whole}"))


@pytest.mark.parametrize("settings", ["", ", Hires upscale: 2, Hires upscaler: Latent", ", VAE: a, Hires upscale: 1.5"])
def test_what_is_recreated_is_a_valid_workflow(settings):
    document = recreate(read_parameters(TEXT + settings))
    problems = check(document.workflow, Registry(*builtin()), dict.fromkeys(KINDS, Everything()))
    assert [problem for problem in problems if problem.severity == "error"] == []
    assert not document.errors


def test_every_setting_is_where_it_belongs():
    document = recreate(read_parameters(TEXT))
    assert inputs(document, "checkpoint") == {"ckpt_name": "model.v2"}
    assert inputs(document, "clip_skip") == {"stop_at_clip_layer": -2, "clip": ["lora_2", 1]}
    assert inputs(document, "latent") == {"width": 512, "height": 768, "batch_size": 1}
    assert inputs(document, "negative")["text"] == "blurry"
    sampler = inputs(document, "sampler")
    assert (sampler["steps"], sampler["cfg"]) == (30, 7.5)
    assert (sampler["sampler_name"], sampler["scheduler"]) == ("dpmpp_2m", "karras")


def test_networks_leave_the_prompt_and_are_put_on_in_their_order():
    document = recreate(read_parameters(TEXT))
    first, second = inputs(document, "lora_1"), inputs(document, "lora_2")
    assert (first["lora_name"], first["strength_clip"], first["strength_model"]) == ("neon", 0.5, 0.8)
    assert (second["lora_name"], second["strength_clip"], second["strength_model"]) == ("pixel", 1, 1)
    assert second["model"] == ["lora_1", 0]
    assert inputs(document, "sampler")["model"] == ["lora_2", 0]
    assert inputs(document, "positive")["text"] == "a cat,  in a hat"


@pytest.mark.parametrize(
    ("written", "strengths"),
    [("<lora:a>", (1, 1)), ("<lyco:a:0.5>", (0.5, 0.5)), ("<LORA:a:te=0.25:unet=-1>", (0.25, -1))],
)
def test_strengths_are_written_in_several_ways(written, strengths):
    lora = inputs(of(prompt=f"x {written}"), "lora_1")
    assert (lora["strength_clip"], lora["strength_model"]) == strengths


@pytest.mark.parametrize("written", ["<hypernet:a:much>", "<lora:a:1:1:8>", "<lora:a:much>", "<lora:a:lbw=1>"])
def test_a_network_without_a_place_is_said(written):
    document = of(prompt=f"x {written}")
    assert any(written in warning for warning in warnings(document))
    assert inputs(document, "positive")["text"] == "x"


def test_a_hypernetwork_is_put_on_the_model():
    document = of(prompt="x <hypernet:a:0.5> <lora:b:0.8>")
    assert inputs(document, "hypernetwork_1") == {
        "hypernetwork_name": "a",
        "strength": 0.5,
        "model": ["checkpoint", 0],
    }
    assert inputs(document, "lora_2")["model"] == ["hypernetwork_1", 0]
    assert inputs(document, "positive")["text"] == "x"


def test_the_files_it_was_made_with_are_noted_by_hash():
    assert recreate(read_parameters(TEXT)).members["hashes"] == {
        "checkpoint.ckpt_name": "c0ffee0011",
        "lora_1.lora_name": "1234567890ab",
        "lora_2.lora_name": "0123456789",
    }


def test_a_hash_stands_in_for_a_name_and_one_of_the_oldest_kind_is_not_looked_for():
    settings = "Steps: 20, Sampler: Euler, Seed: 1, Size: 64x64, Model hash: "
    assert inputs(recreate(read_parameters(f"a\n{settings}c0ffee0011")), "checkpoint") == {"ckpt_name": "c0ffee0011"}
    assert recreate(read_parameters(f"a\n{settings}7460a6fa")).members["hashes"] == {}


def test_a_text_without_a_model_is_an_error_at_the_loader():
    [problem] = recreate(read_parameters("a\nSteps: 20, Sampler: Euler, Seed: 1, Size: 64x64, RNG: CPU")).errors
    assert (problem.node, problem.code) == ("checkpoint", "no_model")


def test_a_second_pass_over_the_latent():
    document = of(", Denoising strength: 0.6, Hires upscale: 1.5, Hires upscaler: Latent (bicubic), Hires steps: 10")
    assert inputs(document, "upscale") == {
        "samples": ["sampler", 0], "upscale_method": "bicubic", "width": 768, "height": 768, "crop": "disabled",
    }  # fmt: skip
    second = inputs(document, "second_sampler")
    assert (second["steps"], second["denoise"], second["latent_image"]) == (10, 0.6, ["upscale", 0])
    assert inputs(document, "decode")["samples"] == ["second_sampler", 0]
    assert inputs(document, "sampler")["denoise"] == 1.0


def test_a_second_pass_with_other_words_or_steps_encodes_them_again():
    document = of(", Hires upscale: 2, Hires steps: 10, Hires prompt: a dog, Hires negative prompt: rain")
    second = inputs(document, "second_sampler")
    assert (second["positive"], second["negative"]) == (["positive_again", 0], ["negative_again", 0])
    assert inputs(document, "positive_again")["text"] == "a dog"
    assert inputs(document, "positive_again")["steps"] == 10
    assert inputs(of(", Hires upscale: 2"), "second_sampler")["positive"] == ["positive", 0]


def test_noise_is_that_of_a_graphics_card_unless_the_text_says_otherwise():
    noise = inputs(recreate(read_parameters(TEXT)), "noise")
    assert (noise["noise_seed"], noise["generator"], noise["seed_per_image"]) == (2**64 - 1, "cuda", True)
    assert inputs(of(), "noise")["generator"] == "cpu"
    assert inputs(of(), "sampler")["noise"] == ["noise", 0]
    assert warnings(of()) == []


def test_a_variation_has_its_place():
    document = of(", Variation seed: 9, Variation seed strength: 0.25, Hires upscale: 2")
    noise = inputs(document, "noise")
    assert (noise["variation_seed"], noise["variation_strength"]) == (9, 0.25)
    assert inputs(document, "second_sampler")["noise"] == ["noise", 0]
    again = parameters_of(document, "save").settings
    assert (again["Seed"], again["Variation seed"], again["Variation seed strength"]) == ("1", "9", "0.25")


def test_a_second_pass_over_pixels_with_its_own_settings():
    document = of(
        ", Denoising strength: 0.4, Hires resize: 1024x640, Hires upscaler: R-ESRGAN 4x+, "
        "Hires sampler: DPM++ 2M Karras, Hires CFG Scale: 3"
    )
    assert inputs(document, "upscale")["upscale_method"] == "lanczos"
    assert inputs(document, "encode")["pixels"] == ["upscale", 0]
    second = inputs(document, "second_sampler")
    assert (second["sampler_name"], second["scheduler"], second["cfg"], second["steps"]) == (
        "dpmpp_2m",
        "karras",
        3,
        20,
    )
    assert any("R-ESRGAN" in warning for warning in warnings(document))


def test_a_second_pass_keeps_the_schedule_unless_it_names_one():
    settings = "Steps: 20, Sampler: Euler, Schedule type: Karras, Seed: 1, Size: 64x64, Model: m, Hires upscale: 2"
    second = lambda more: inputs(recreate(read_parameters(f"a\n{settings}{more}")), "second_sampler")
    assert second(", Hires sampler: DPM++ 2M")["scheduler"] == "karras"
    assert second(", Hires schedule type: Simple")["scheduler"] == "simple"
    assert second(", Hires schedule type: Simple")["sampler_name"] == "euler"


def test_a_picture_made_from_another_is_said_to_be():
    assert any("from another one (at strength 0.5)" in said for said in warnings(of(", Denoising strength: 0.5")))


def test_what_has_no_place_is_said_by_name():
    said = warnings(of(', Face restoration: CodeFormer, ControlNet 0: "Module: canny, Weight: 1", Version: v1.6.0'))
    assert sorted(said) == [
        "'ControlNet 0: Module: canny, Weight: 1' has no place in the workflow.",
        "'Face restoration: CodeFormer' has no place in the workflow.",
    ]


def test_settings_that_are_no_numbers_are_said():
    document = recreate(read_parameters("a\nSteps: many, Sampler: Euler, Seed: 1, Size: huge, Model: m, RNG: CPU"))
    assert inputs(document, "sampler")["steps"] == 20
    assert len(warnings(document)) == 2


def test_what_a_recreated_workflow_writes_is_what_it_was_made_from():
    document = recreate(read_parameters(TEXT))
    again = parameters_of(document, "save", size=(512, 768))
    assert again.prompt == "a cat,  in a hat <lora:neon:0.5:0.8> <lora:pixel:1>"
    for name in ("Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model", "Clip skip"):
        assert again.settings[name] == read_parameters(TEXT).settings[name]


def test_a_text_of_ours_is_read_by_our_rules_with_our_noise():
    parameters = parameters_of(recreate(read_parameters(TEXT)), "save", size=(512, 768))
    document = recreate(replace(parameters, settings={**parameters.settings, "RNG": "CPU"}))
    assert document.api()["positive"]["class_type"] == "CLIPTextEncode"
    assert inputs(document, "sampler")["seed"] == 2**64 - 1
    assert recreate(read_parameters(TEXT)).api()["positive"]["class_type"] == "EncodePrompt"
    assert warnings(document) == []


def test_bare_json_in_the_settings_stays_whole():
    found = read_parameters(TEXT + ', Civitai resources: [{"type": "checkpoint", "modelVersionId": 1}], Last: 2')
    assert found.settings["Hashes"] == '{"model": "c0ffee0011", "lora:pixel": "0123456789"}'
    assert found.settings["Civitai resources"] == '[{"type": "checkpoint", "modelVersionId": 1}]'
    assert found.settings["Last"] == "2"
    assert read_parameters(write_parameters(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a cat",
        "\n\n",
        "Steps: 1, Sampler: , Seed: x",
        "a\nA: {, B: [, C: }",
        "nan",
        "inf",
        "-1",
        "9" * 400,
        "9" * 5000,
        "1e300",
    ],
)
def test_nothing_is_raised_whatever_is_written(text):
    recreate(read_parameters(text))
    recreate(Parameters(text, text, {"Size": text, "Hashes": text, "Lora hashes": text, "Sampler": text}))
    for name in ("Steps", "Seed", "CFG scale", "Clip skip", "Hires upscale", "Hires steps"):
        assert recreate(Parameters("a", "", {name: text, "Model": "m"})).api()
