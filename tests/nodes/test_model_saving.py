from dataclasses import replace

import pytest
from safetensors import safe_open

from diffusion.errors import DiffusionError
from diffusion.handle import Applied
from nodes.merge import subtract_models
from nodes.model_saving import extract_lora, save_checkpoint, save_lora, save_model, save_text_encoder, save_vae
from workflows.document import read_document
from workflows.outputs import OutputFolder


@pytest.fixture
def document():
    return read_document({"1": {"class_type": "VAESave", "inputs": {"filename_prefix": "vae/mine"}}})


@pytest.fixture
def outputs(tmp_path, document):
    return OutputFolder(tmp_path / "output", tmp_path / "counters.sqlite", document)


def texts(saved) -> dict[str, str]:
    with safe_open(saved.path, "pt") as file:
        return file.metadata()


def test_a_part_of_a_checkpoint_is_saved_with_its_number_and_workflow(runtime, checkpoint, heard, outputs, document):
    saved = save_vae(runtime, heard, heard, outputs, document, checkpoint.vae, "vae/mine")
    assert saved.name == "vae/mine_00001_.safetensors"
    assert texts(saved)["modelspec.title"] == "mine"
    assert "VAESave" in texts(saved)["prompt"]
    assert heard.steps[-1][0] == heard.steps[-1][1] == len(heard.steps)


def test_text_encoders_and_networks_are_saved_alone(runtime, checkpoint, heard, outputs, document):
    clip = save_text_encoder(runtime, heard, heard, outputs, document, checkpoint.clip)
    model = save_model(runtime, heard, heard, outputs, document, checkpoint.model)
    assert (clip.name, model.name) == (
        "clip/Patchbay_00001_.safetensors",
        "diffusion_models/Patchbay_00001_.safetensors",
    )


def test_a_checkpoint_says_what_it_leaves_out(runtime, checkpoint, heard, outputs, document):
    clip = replace(checkpoint.clip, skip=1)
    saved = save_checkpoint(runtime, heard, heard, outputs, document, checkpoint.model, clip, checkpoint.vae)
    assert saved.name == "checkpoints/Patchbay_00001_.safetensors"
    assert ["CLIP skip" in sentence for sentence in heard.warnings] == [True]


def test_a_lora_is_taken_out_of_a_difference(runtime, checkpoint, heard, outputs, document):
    changed = checkpoint.model.clone(Applied(runtime.folders.ref("loras", "rocket.safetensors"), 1.0))
    saved = extract_lora(runtime, heard, outputs, document, changed, checkpoint.model, rank=1)
    assert saved.name == "loras/Patchbay_00001_.safetensors"
    assert texts(saved)["modelspec.architecture"] == "stable-diffusion-v1/lora"


@pytest.mark.parametrize(("kind", "ending"), [("standard", ".lora_up.weight"), ("full_diff", ".diff")])
def test_a_difference_of_models_is_saved_as_a_lora(kind, ending, runtime, checkpoint, heard, outputs, document):
    changed = checkpoint.model.clone(Applied(runtime.folders.ref("loras", "rocket.safetensors"), 1.0))
    difference = subtract_models(changed, checkpoint.model, 0.5)
    saved = save_lora(runtime, heard, outputs, document, rank=2, lora_type=kind, model_diff=difference)
    assert saved.name == "loras/Patchbay_00001_.safetensors"
    with safe_open(saved.path, "pt") as file:
        names = list(file.keys())
    assert sum(name.endswith(ending) for name in names) == 192
    assert ("ss_network_dim" in texts(saved)) == (kind == "standard")


def test_a_model_is_no_difference_and_nothing_is_none(runtime, checkpoint, heard, outputs, document):
    with pytest.raises(DiffusionError, match="ModelMergeSubtract"):
        save_lora(runtime, heard, outputs, document, model_diff=checkpoint.model)
    with pytest.raises(ValueError, match="'model_diff' or 'text_encoder_diff'"):
        save_lora(runtime, heard, outputs, document)


def test_no_difference_and_half_a_pair_are_refused(runtime, checkpoint, heard, outputs, document):
    model, clip = checkpoint.model, checkpoint.clip
    with pytest.raises(DiffusionError, match="equal"):
        extract_lora(runtime, heard, outputs, document, model, model)
    with pytest.raises(ValueError, match="both text encoders"):
        extract_lora(runtime, heard, outputs, document, model, model, clip)
