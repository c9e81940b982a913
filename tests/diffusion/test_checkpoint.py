import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffusion.checkpoint import open_checkpoint, open_vae
from diffusion.device import choose_device
from diffusion.errors import FileNotInFolder, UnknownFamily, UnreadableFile
from diffusion.families.sd15 import FAMILY
from diffusion.files.folders import ModelFolders
from diffusion.files.header import Header, TensorEntry
from diffusion.handle import File
from diffusion.residency import Residency


@pytest.fixture
def base(tmp_path):
    for kind in ("checkpoints", "vae"):
        (tmp_path / "models" / kind / "some folder").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def folders(base):
    return ModelFolders(base)


def weights(folders, handle) -> dict[str, torch.Tensor]:
    with Residency(folders, choose_device("cpu")).resident(handle) as module:
        return dict(module.named_parameters())


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_handles_refer_to_the_file_and_hold_nothing_else(tiny_folders, tiny):
    file = tiny_folders.ref("checkpoints", "tiny.safetensors")
    assert [handle.weights for handle in tiny] == [File(file, name) for name in ("model", "text", "vae")]
    assert pickle.loads(pickle.dumps(tiny)) == tiny
    assert hash(open_checkpoint(tiny_folders, "tiny.safetensors")) == hash(tiny)


def test_opening_a_checkpoint_imports_no_torch(tiny_folders):
    program = f"""
import sys
from diffusion.checkpoint import open_checkpoint
from diffusion.files.folders import ModelFolders
open_checkpoint(ModelFolders({str(tiny_folders.base_directory)!r}), "tiny")
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize("zipped", [True, False])
def test_an_old_checkpoint_gives_the_same_weights(base, folders, tiny_folders, tiny, tiny_tensors, tmp_path, zipped):
    # Pickles have no metadata, so that heads and norm groups are the defaults: the weights are the same ones.
    path = base / "models" / "checkpoints" / "some folder" / "old.ckpt"
    torch.save({"state_dict": tiny_tensors(), "global_step": 1}, path, _use_new_zipfile_serialization=zipped)
    old = open_checkpoint(folders, "some folder\\old.ckpt")
    for ours, theirs in ((old.text, tiny.text), (old.vae, tiny.vae)):
        assert_same(weights(folders, ours), weights(tiny_folders, theirs))


def test_a_text_encoder_without_the_text_model_level_gives_the_same_weights(
    base, folders, tiny_folders, tiny, tiny_tensors, tiny_metadata
):
    tensors = {name.replace(".text_model.", "."): tensor for name, tensor in tiny_tensors().items()}
    save_file(tensors, base / "models" / "checkpoints" / "flat.safetensors", tiny_metadata)
    flat = open_checkpoint(folders, "flat")
    assert_same(weights(folders, flat.text), weights(tiny_folders, tiny.text))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float8_e4m3fn])
def test_weights_of_any_number_format_are_widened_exactly(base, folders, tiny_tensors, tiny_metadata, dtype):
    tensors = {name: tensor.to(dtype) for name, tensor in tiny_tensors().items()}
    save_file(tensors, base / "models" / "checkpoints" / "x.safetensors", tiny_metadata)
    loaded = weights(folders, open_checkpoint(folders, "x").model)
    name = "model.diffusion_model.input_blocks.0.0.weight"
    assert torch.equal(loaded["conv_in.weight"], tensors[name].float())


def test_projections_stored_as_matrices_or_as_convolutions_are_the_same_numbers(
    base, folders, tiny_folders, tiny, tiny_tensors, tiny_metadata
):
    tensors = {name: tensor.squeeze() if ".attn_1." in name else tensor for name, tensor in tiny_tensors().items()}
    save_file(tensors, base / "models" / "checkpoints" / "x.safetensors", tiny_metadata)
    assert_same(weights(folders, open_checkpoint(folders, "x").vae), weights(tiny_folders, tiny.vae))


def test_a_weight_of_another_size_is_refused_by_name(base, folders, tiny_tensors, tiny_metadata):
    tensors = tiny_tensors()
    tensors["first_stage_model.decoder.norm_out.weight"] = torch.ones(3)
    save_file(tensors, base / "models" / "checkpoints" / "x.safetensors", tiny_metadata)
    opened = open_checkpoint(folders, "x")
    with pytest.raises(UnreadableFile, match=r"decoder\.conv_norm_out\.weight has the shape \[3\].* needs \[8\]"):
        weights(folders, opened.vae)


def test_a_lora_is_refused_with_the_node_it_belongs_to(base, folders):
    save_file({"lora_unet_mid.lora_up.weight": torch.ones(1)}, base / "models" / "checkpoints" / "style.safetensors")
    with pytest.raises(UnknownFamily, match=r"^style\.safetensors is not .* It looks like a LoRA — use LoraLoader\.$"):
        open_checkpoint(folders, "style.safetensors")


def test_a_missing_checkpoint_is_refused_with_near_names(tiny_folders):
    with pytest.raises(FileNotInFolder, match=r"Near names: tiny\.safetensors"):
        open_checkpoint(tiny_folders, "tinny.safetensor")


def vae_tensors(tensors, old_names=False):
    """A VAE as diffusers saves it."""
    header = Header({name: TensorEntry("F16", tuple(tensor.shape), 0, 0) for name, tensor in tensors.items()})
    named = {
        name: tensors[target.file_name].squeeze() if ".attentions." in name else tensors[target.file_name]
        for name, target in FAMILY.targets("vae", header).items()
    }
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"} if old_names else {}
    for ours, theirs in old.items():
        named = {name.replace(f"attentions.0.{ours}.", f"attentions.0.{theirs}."): t for name, t in named.items()}
    return named


@pytest.mark.parametrize("layout", ["inside a checkpoint", "alone", "diffusers", "old diffusers", "pickle"])
def test_a_vae_in_a_file_of_its_own_is_read_in_every_layout(base, folders, tiny_folders, tiny, tiny_tensors, layout):
    inside = {name: tensor for name, tensor in tiny_tensors().items() if name.startswith("first_stage_model.")}
    alone = {name.removeprefix("first_stage_model."): tensor for name, tensor in inside.items()}
    path = base / "models" / "vae" / ("x.pt" if layout == "pickle" else "x.safetensors")
    if layout == "pickle":
        torch.save({"state_dict": alone}, path)
    elif "diffusers" in layout:
        save_file(vae_tensors(inside, layout.startswith("old")), path)
    else:
        save_file(alone if layout == "alone" else inside, path)
    ours, theirs = weights(folders, open_vae(folders, "x")), weights(tiny_folders, tiny.vae)
    assert_same(ours, theirs)


def test_a_vae_of_another_latent_space_is_refused(base, folders, tiny_configs, tiny_tensors):
    tensors = tiny_tensors({"vae": replace(tiny_configs["vae"], latent_channels=16)})
    save_file(tensors, base / "models" / "vae" / "flux.safetensors")
    with pytest.raises(UnknownFamily, match="16 latent channels"):
        open_vae(folders, "flux")


def test_what_is_no_vae_is_refused_with_what_it_looks_like(base, folders):
    save_file({"a.lora_up.weight": torch.ones(1)}, base / "models" / "vae" / "x.safetensors")
    with pytest.raises(UnreadableFile, match=r"^x is not a VAE\. It looks like a LoRA"):
        open_vae(folders, "x")


def test_what_the_network_predicts_and_its_latents_mean_is_read_from_the_metadata(base, folders, tiny_tensors):
    metadata = {
        "patchbay.prediction": "v",
        "patchbay.latent_scale": "0.5",
        "patchbay.latent_shift": "0.25",
        "patchbay.latent_preview": "[[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0.5, 0.5, 0.5]]",
    }
    save_file(tiny_tensors(), base / "models" / "checkpoints" / "x.safetensors", metadata)
    model = open_checkpoint(folders, "x").model
    assert model.sampling.prediction == "v"
    space = Residency(folders, choose_device("cpu")).space(model)
    assert (space.scale, space.shift, space.preview[4]) == (0.5, 0.25, (0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    "metadata",
    [
        {"patchbay.prediction": "flow"},
        {"patchbay.latent_scale": "big"},
        {"patchbay.latent_scale": "nan"},
        {"patchbay.latent_scale": "0"},
        {"patchbay.latent_preview": "7"},
        {"patchbay.latent_preview": "[[1, 2, 3]]"},
        {"patchbay.unet.norm_groups": "9" * 5000},
    ],
)
def test_metadata_that_makes_no_sense_is_refused_by_file(base, folders, tiny_tensors, metadata):
    save_file(tiny_tensors(), base / "models" / "checkpoints" / "x.safetensors", metadata)
    with pytest.raises(UnreadableFile, match=r"^x\.safetensors: its metadata"):
        Residency(folders, choose_device("cpu")).space(open_checkpoint(folders, "x.safetensors").model)


@pytest.mark.parametrize(
    ("component", "key"),
    [
        ("model", "unet.attention_heads"),
        ("model", "unet.norm_groups"),
        ("text", "text.attention_heads"),
        ("vae", "vae.norm_groups"),
    ],
)
def test_parts_that_no_layer_can_be_cut_into_are_refused_by_file_and_key(base, folders, tiny_tensors, component, key):
    save_file(tiny_tensors(), base / "models" / "checkpoints" / "x.safetensors", {f"patchbay.{key}": "7"})
    with pytest.raises(UnreadableFile, match=rf"^x\.safetensors: .* cut into 7 parts.*patchbay\.{key}"):
        Residency(folders, choose_device("cpu")).config(getattr(open_checkpoint(folders, "x.safetensors"), component))


def test_a_quantised_checkpoint_is_refused(base, folders, tiny_tensors):
    tensors = tiny_tensors()
    name = next(name for name in tensors if name.endswith("attn2.to_k.weight"))
    tensors[name] = tensors[name].to(torch.int8)
    save_file(tensors, base / "models" / "checkpoints" / "x.safetensors")
    with pytest.raises(UnreadableFile, match=r"^x\.safetensors is quantised.*stored as I8"):
        open_checkpoint(folders, "x.safetensors")
