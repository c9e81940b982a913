import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from diffusion.adapters.schedule import Keyframe, Scheduled
from diffusion.checkpoint import Checkpoint, open_checkpoint, open_vae
from diffusion.device import DTYPES
from diffusion.errors import DiffusionError, NotFinite
from diffusion.files.folders import ModelFolders
from diffusion.freeu import FreeU
from diffusion.handle import Applied, Blend, FileRef, ModelSampling
from diffusion.merging import weighted
from diffusion.model_files import ModelFiles
from diffusion.recipes import Recipes
from diffusion.saving import left_out, save_models
from diffusion.stand_alone import open_network, open_text_encoder

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folders(tiny_folders, demo_folders, tmp_path_factory) -> ModelFolders:
    """The tiny model, the demo's LoRAs, and room for what is saved."""
    room = tmp_path_factory.mktemp("saved")
    kinds = ("checkpoints", "vae", "diffusion_models", "text_encoders", "loras")
    for kind in kinds:
        (room / kind).mkdir()
    return ModelFolders(tiny_folders.base_directory, preferred={kind: [room / kind] for kind in kinds})


@pytest.fixture(scope="module")
def tiny(folders) -> Checkpoint:
    return open_checkpoint(folders, "tiny.safetensors")


@pytest.fixture(scope="module")
def lora(folders) -> Applied:
    """A LoRA for two of the tiny model's weights."""
    tensors = {}
    for stem, rows, columns in (
        ("lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q", 32, 32),
        ("lora_te_text_model_encoder_layers_0_self_attn_q_proj", 32, 32),
    ):
        generator = torch.Generator().manual_seed(rows)
        tensors[f"{stem}.lora_up.weight"] = torch.randn(rows, 4, generator=generator)
        tensors[f"{stem}.lora_down.weight"] = torch.randn(4, columns, generator=generator)
        tensors[f"{stem}.alpha"] = torch.tensor(4.0)
    save_file(tensors, folders.roots("loras")[0] / "strokes.safetensors")
    return Applied(folders.ref("loras", "strokes.safetensors"), 0.7)


def values(folders, handle) -> dict[str, torch.Tensor]:
    files = ModelFiles(folders)
    found = Recipes(folders, files).of(handle.weights, handle.family)
    got = {name: recipe.value(CPU).flatten() for name, recipe in found.items()}
    files.close()
    return got


def place(folders, kind, name) -> Path:
    return folders.roots(kind)[0] / name


def metadata(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return file.metadata()


def same(folders, one, other) -> bool:
    ours, theirs = values(folders, one), values(folders, other)
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("stored_as", ["fp16", "fp32"])
def test_a_checkpoint_comes_back_with_the_same_weights_and_settings(folders, tiny, tiny_metadata, stored_as):
    name = f"copy-{stored_as}.safetensors"
    save_models(folders, place(folders, "checkpoints", name), *tiny, stored_as=stored_as)
    again = open_checkpoint(folders, name)
    assert all(same(folders, ours, theirs) for ours, theirs in zip(tiny, again, strict=True))
    assert metadata(place(folders, "checkpoints", name)).items() >= tiny_metadata.items()


def test_the_names_in_a_checkpoint_are_the_published_ones(folders, tiny, tiny_folders):
    path = place(folders, "checkpoints", "names.safetensors")
    save_models(folders, path, *tiny)
    pristine = load_file(tiny_folders.path("checkpoints", "tiny.safetensors"))
    saved = load_file(path)
    assert {name: tensor.numel() for name, tensor in saved.items()} == {
        name: tensor.numel() for name, tensor in pristine.items()
    }
    assert saved["first_stage_model.encoder.mid.attn_1.q.weight"].shape[2:] == (1, 1)


@pytest.mark.parametrize("stored_as", ["fp16", "bf16", "fp32"])
def test_baked_adapters_are_the_lazy_ones_but_for_rounding(folders, tiny, lora, stored_as):
    patched = tiny.model.clone(lora), tiny.text.clone(lora), tiny.vae
    name = f"baked-{stored_as}.safetensors"
    save_models(folders, place(folders, "checkpoints", name), *patched, stored_as=stored_as)
    for lazy, baked in zip(patched, open_checkpoint(folders, name), strict=True):
        wanted, got = values(folders, lazy), values(folders, baked)
        assert all(torch.equal(got[key], wanted[key].to(DTYPES[stored_as]).float()) for key in wanted)
    assert not same(folders, tiny.model, open_checkpoint(folders, name).model)


def test_adapters_on_a_saved_merge_compose(folders, tiny, lora):
    merge = weighted(tiny.model.clone(lora), tiny.model, 0.25)
    save_models(folders, place(folders, "diffusion_models", "merge.safetensors"), merge, stored_as="fp32")
    saved = open_network(folders, "merge.safetensors").clone(lora)
    lazy = values(folders, merge.clone(lora))
    for name, value in values(folders, saved).items():
        torch.testing.assert_close(value, lazy[name])


def test_each_component_can_have_a_file_of_its_own(folders, tiny):
    save_models(folders, place(folders, "diffusion_models", "m.safetensors"), tiny.model)
    save_models(folders, place(folders, "text_encoders", "t.safetensors"), tiny.text)
    save_models(folders, place(folders, "vae", "v.safetensors"), tiny.vae)
    assert same(folders, open_network(folders, "m.safetensors"), tiny.model)
    assert same(folders, open_text_encoder(folders, "t.safetensors"), tiny.text)
    assert same(folders, open_vae(folders, "v.safetensors"), tiny.vae)
    assert "encoder.conv_in.weight" in load_file(place(folders, "vae", "v.safetensors"))
    assert all(name.startswith("text_model.") for name in load_file(place(folders, "text_encoders", "t.safetensors")))


def test_the_recipe_is_told(folders, tiny, lora):
    path = place(folders, "checkpoints", "told.safetensors")
    merge = weighted(tiny.model.clone(lora), tiny.model, 0.25)
    save_models(folders, path, merge, tiny.text, tiny.vae, metadata={"modelspec.title": "Told"})
    told = metadata(path)
    recipe = json.loads(told["patchbay.recipe"])
    assert recipe["model"]["merged"][0]["adapters"][0]["file"] == "loras/strokes.safetensors"
    assert recipe["model"]["merged"][0]["adapters"][0]["strength"] == 0.7
    assert recipe["model"]["ratios"] == {"": [0.25, 0.75]}
    assert recipe["vae"]["file"] == "checkpoints/tiny.safetensors"
    assert told["modelspec.title"] == "Told"
    assert told["modelspec.architecture"] == "stable-diffusion-v1"
    assert told["modelspec.merged_from"] == "checkpoints/tiny.safetensors"
    assert told["modelspec.prediction_type"] == "epsilon"


def test_what_a_network_predicts_is_kept(folders, tiny):
    v = replace(tiny.model, sampling=ModelSampling(prediction="v"))
    save_models(folders, place(folders, "diffusion_models", "v.safetensors"), v)
    assert open_network(folders, "v.safetensors").sampling.prediction == "v"
    assert metadata(place(folders, "diffusion_models", "v.safetensors"))["modelspec.prediction_type"] == "v"


def test_weights_are_made_one_by_one_and_saving_can_be_stopped(folders, tiny, tmp_path):
    seen = []

    def watch(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_models(folders, tmp_path / "a.safetensors", *tiny, on_weight=watch)
    assert [done for done, _ in seen] == [1, 2, 3]
    assert seen[0][1] == sum(len(values(folders, handle)) for handle in tiny)


def test_a_weight_that_the_format_cannot_hold_is_refused_by_name(folders, tiny, tmp_path):
    huge = replace(tiny.vae, weights=Blend((tiny.vae.weights, tiny.vae.weights), (("", (1e6, 0.0)),)))
    with pytest.raises(DiffusionError, match=r"encoder\.\S+ is too large for .*save the model as bf16 or fp32"):
        save_models(folders, tmp_path / "a.safetensors", huge)
    save_models(folders, tmp_path / "a.safetensors", huge, stored_as="bf16")
    broken = replace(tiny.vae, weights=Blend((tiny.vae.weights, tiny.vae.weights), (("", (1e300, 0.0)),)))
    with pytest.raises(NotFinite, match="not finite"):
        save_models(folders, tmp_path / "b.safetensors", broken, stored_as="fp32")


def sentences(*handles) -> Iterator[str]:
    return (sentence for handle in handles for sentence in left_out(handle))


def test_what_a_file_cannot_hold_is_said(tiny):
    assert not list(sentences(*tiny))
    model = replace(tiny.model, block_patches=(FreeU(1, 1, 1, 1),), guidance=(object(),))
    neon = Scheduled(FileRef("loras/neon.safetensors", "1"), (Keyframe(0, 1),))
    model = replace(model, sampling=ModelSampling(zero_terminal_snr=True), scheduled=(neon, neon))
    told = list(sentences(model, replace(tiny.text, skip=1)))
    assert len(told) == 5
    assert "FreeU" in told[0]
    assert told[1].endswith("loras/neon.safetensors.")
    assert "-2" in told[4]
