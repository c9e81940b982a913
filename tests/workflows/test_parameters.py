import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from workflows.document import read_document
from workflows.parameters import Parameters, parameters_of, read_parameters, write_parameters

NODES = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 7,
            "steps": 20,
            "cfg": 7.5,
            "sampler_name": "dpmpp_2m",
            "scheduler": "karras",
            "denoise": 1.0,
            "model": ["6", 0],
            "positive": ["7", 0],
            "negative": ["8", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15\\model.v2.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768}},
    "6": {
        "class_type": "LoraLoader",
        "inputs": {
            "lora_name": "styles/neon.safetensors",
            "strength_model": 0.8,
            "strength_clip": 0.5,
            "model": ["4", 0],
            "clip": ["4", 1],
        },
    },
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat, in a hat", "clip": ["10", 0]}},
    "8": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["10", 0]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["12", 0]}},
    "10": {"class_type": "CLIPSetLastLayer", "inputs": {"stop_at_clip_layer": -2, "clip": ["6", 1]}},
    "12": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
}


def of(changes=(), **options) -> Parameters | None:
    return parameters_of(read_document(NODES | dict(changes)), **options)


@pytest.mark.parametrize(
    ("rules", "text", "written"),
    [
        ("default", "a cat <lora:neon:0.8:0.5>", "a cat <lora:neon:0.5:0.8>"),
        ("default", "<lora:neon:0.8:0.5:dyn=4><lyco:a:1>", "<lora:neon:0.5:0.8:dyn=4><lyco:a:1>"),
        ("default", "<lora:neon:0.8:te=0.5>", "<lora:neon:0.8:te=0.5>"),
        ("a1111", "a cat <lora:neon:0.5:0.8>", "a cat <lora:neon:0.5:0.8>"),
    ],
)
def test_loras_of_a_prompt_are_written_with_the_text_encoders_strength_first(rules, text, written):
    encoder = {"text": text, "rules": rules, "model": ["4", 0], "clip": ["4", 1]}
    changed = {
        "3": NODES["3"] | {"inputs": NODES["3"]["inputs"] | {"model": ["7", 0], "positive": ["7", 2]}},
        "7": {"class_type": "EncodePromptWithAdapters", "inputs": encoder},
    }
    assert of(changed).prompt == written


ADAPTED = {
    "3": NODES["3"] | {"inputs": NODES["3"]["inputs"] | {"model": ["7", 0], "positive": ["7", 2]}},
    "7": {
        "class_type": "EncodePromptWithAdapters",
        "inputs": {"text": "a cat <lora:neon:0.5> <lyco:rocket>", "model": ["4", 0], "clip": ["4", 1]},
    },
    "8": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["7", 1]}},
}


def test_an_empty_prompt_is_not_that_of_the_encoder_whose_adapters_it_shares():
    assert of(ADAPTED).negative == ""


def test_loras_that_a_prompt_names_have_their_hashes_too():
    settings = of(ADAPTED, hash_of=lambda kind, name: {"neon": "1" * 64, "rocket": "2" * 64}.get(name)).settings
    assert settings["Lora hashes"] == "neon: 111111111111, rocket: 222222222222"
    assert settings["Hashes"] == '{"lora:neon": "111111111111", "lora:rocket": "222222222222"}'


def test_a_prompt_is_not_looked_for_behind_the_picture_that_a_controlnet_is_shown():
    controlled = {
        "20": {"class_type": "CLIPTextEncode", "inputs": {"text": "drawn before", "clip": ["4", 1]}},
        "21": {"class_type": "KSampler", "inputs": {"positive": ["20", 0], "steps": 4}},
        "22": {
            "class_type": "ControlNetApply",
            "inputs": {"conditioning": ["7", 0], "control_net": ["23", 0], "image": ["21", 0], "strength": 1},
        },
        "3": NODES["3"] | {"inputs": NODES["3"]["inputs"] | {"positive": ["22", 0]}},
    }
    assert of(controlled).prompt.startswith("a cat, in a hat <lora:")


def test_hypernetworks_stand_in_the_prompt():
    bent = {
        "3": NODES["3"] | {"inputs": NODES["3"]["inputs"] | {"model": ["20", 0]}},
        "20": {
            "class_type": "HypernetworkLoader",
            "inputs": {"model": ["4", 0], "hypernetwork_name": "watercolor.pt", "strength": 0.7},
        },
    }
    assert of(bent).prompt == "a cat, in a hat <hypernet:watercolor:0.7>"


def test_everything_that_made_the_picture_is_found():
    hashes = {"checkpoints": "c0ffee00112233", "loras": "1234567890abcdef"}
    found = of(size=(512, 768), hash_of=lambda kind, name: hashes[kind])
    assert write_parameters(found) == (
        "a cat, in a hat <lora:neon:0.5:0.8>\n"
        "Negative prompt: blurry\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 7, Size: 512x768, "
        "Model hash: c0ffee0011, Model: model.v2, Clip skip: 2, "
        'Lora hashes: "neon: 1234567890ab", RNG: CPU, Version: Patchbay, '
        'Hashes: {"model": "c0ffee0011", "lora:neon": "1234567890ab"}'
    )


def test_hashes_that_are_not_known_are_left_out():
    assert not {"Model hash", "Lora hashes"} & of().settings.keys()


def test_values_come_through_plain_value_nodes():
    sampler = NODES["3"] | {"inputs": NODES["3"]["inputs"] | {"seed": ["20", 0]}}
    changed = {"3": sampler, "20": {"class_type": "PrimitiveInt", "inputs": {"value": 2**64 - 1}}}
    assert of(changed).settings["Seed"] == str(2**64 - 1)


def test_the_second_pass_is_the_one_that_counts():
    second = {
        "class_type": "KSamplerAdvanced",
        "inputs": NODES["3"]["inputs"] | {"noise_seed": 9, "steps": 5, "denoise": 0.5, "latent_image": ["3", 0]},
    }
    del second["inputs"]["seed"]
    found = of({"2": second, "12": {"class_type": "VAEDecode", "inputs": {"samples": ["2", 0]}}})
    assert (found.settings["Steps"], found.settings["Seed"], found.settings["Denoising strength"]) == ("5", "9", "0.5")


def test_of_two_pictures_each_has_its_own():
    other = NODES["3"] | {"inputs": NODES["3"]["inputs"] | {"seed": 8}}
    changes = {"30": other, "90": {"class_type": "SaveImage", "inputs": {"images": ["30", 0]}}}
    assert of(changes, saving="90").settings["Seed"] == "8"
    assert of(changes, saving="9").settings["Seed"] == "7"


def test_texts_that_are_combined_are_all_there():
    combined = {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["7", 0], "conditioning_2": ["8", 0]}}
    sampler = NODES["3"] | {"inputs": NODES["3"]["inputs"] | {"positive": ["40", 0]}}
    assert of({"3": sampler, "40": combined}).prompt.startswith("a cat, in a hat\nblurry")


@pytest.mark.parametrize("nodes", [{"9": NODES["9"]}, {"1": {"class_type": "A"}}])
def test_a_picture_that_no_sampler_made_has_none(nodes):
    assert parameters_of(read_document(nodes)) is None


def test_links_in_a_circle_end():
    circle = {"9": {"class_type": "A", "inputs": {"images": ["9", 0], "positive": ["9", 0], "steps": ["9", 0]}}}
    assert parameters_of(read_document(circle), "9").settings.keys() == {"RNG", "Version"}


def test_a_text_of_the_old_interface_is_read():
    found = read_parameters(
        "a cat\nsecond line\nNegative prompt: ugly,\nbad\n"
        'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Lora hashes: "a: 1f, b: 2e", Clip skip: 2'
    )
    assert (found.prompt, found.negative) == ("a cat\nsecond line", "ugly,\nbad")
    assert found.settings["Lora hashes"] == "a: 1f, b: 2e"
    assert found.settings["Clip skip"] == "2"


def test_a_last_line_with_few_pairs_is_prompt():
    assert read_parameters("a cat\nname: value").prompt == "a cat\nname: value"


line = some.text(some.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(line, line, some.dictionaries(some.from_regex(r"[A-Z][a-z]{2,8}", fullmatch=True), line, min_size=3, max_size=5))
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_again(prompt, negative, values):
    written = Parameters(prompt, negative, values)
    assert read_parameters(write_parameters(written)) == written


PARTS = {
    "3": {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {
            "noise": ["20", 0],
            "guider": ["21", 0],
            "sampler": ["22", 0],
            "sigmas": ["23", 1],
            "latent_image": ["5", 0],
        },
    },
    "20": {"class_type": "RandomNoise", "inputs": {"noise_seed": 2**64 - 1}},
    "21": {
        "class_type": "CFGGuider",
        "inputs": {"model": ["6", 0], "positive": ["7", 0], "negative": ["8", 0], "cfg": 4.5},
    },
    "22": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler_ancestral"}},
    "23": {"class_type": "SplitSigmasDenoise", "inputs": {"sigmas": ["24", 0], "denoise": 0.5}},
    "24": {
        "class_type": "BasicScheduler",
        "inputs": {"model": ["6", 0], "scheduler": "karras", "steps": 12, "denoise": 0.6},
    },
}


def test_a_run_put_together_from_parts_is_described_as_one():
    written = of(PARTS)
    assert written.prompt == "a cat, in a hat <lora:neon:0.5:0.8>"
    assert written.negative == "blurry"
    wanted = {
        "Steps": "12",
        "Sampler": "Euler a",
        "Schedule type": "Karras",
        "CFG scale": "4.5",
        "Seed": str(2**64 - 1),
        "Denoising strength": "0.6",
        "Model": "model.v2",
        "Clip skip": "2",
    }
    assert {name: written.settings.get(name) for name in wanted} == wanted


def test_a_schedule_that_is_a_node_has_its_name_and_a_guider_without_a_scale_has_1():
    changed = PARTS | {
        "21": {"class_type": "BasicGuider", "inputs": {"model": ["6", 0], "conditioning": ["7", 0]}},
        "24": {"class_type": "AlignYourStepsScheduler", "inputs": {"model_type": "SD1", "steps": 10}},
    }
    written = of(changed)
    assert (written.settings["Schedule type"], written.settings["CFG scale"]) == ("Align Your Steps", "1")
    assert written.prompt.startswith("a cat")
    assert written.negative == ""


def test_custom_sampling_by_one_node_is_described_too():
    inputs = NODES["3"]["inputs"] | {"noise_seed": 9, "sampler": ["22", 0], "sigmas": ["24", 0]}
    for name in ("seed", "steps", "sampler_name", "scheduler", "denoise"):
        del inputs[name]
    written = of(PARTS | {"3": {"class_type": "SamplerCustom", "inputs": inputs}})
    wanted = {"Steps": "12", "Sampler": "Euler a", "Schedule type": "Karras", "CFG scale": "7.5", "Seed": "9"}
    assert {name: written.settings.get(name) for name in wanted} == wanted


def test_a_run_that_adds_no_noise_has_the_seed_of_the_one_before():
    first = {"class_type": "SamplerCustomAdvanced", "inputs": PARTS["3"]["inputs"]}
    second = {"inputs": first["inputs"] | {"noise": ["31", 0], "latent_image": ["30", 0]}}
    changed = PARTS | {"3": first | second, "30": first, "31": {"class_type": "DisableNoise", "inputs": {}}}
    assert of(changed).settings["Seed"] == str(2**64 - 1)
