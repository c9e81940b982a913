import pytest

from diffusion.errors import FileNotInFolder, UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.handle import File
from diffusion.runtime import Runtime
from diffusion.saving import save_models
from nodes.loaders import load_checkpoint, load_network, load_text_encoder, load_vae


def test_a_checkpoint_gives_references_to_its_three_parts(runtime):
    model, clip, vae = load_checkpoint(runtime, "patchbay-demo.safetensors")
    for handle, component in ((model, "model"), (clip, "text"), (vae, "vae")):
        assert isinstance(handle.weights, File)
        assert handle.weights.component == component
        assert handle.weights.file.path == "checkpoints/patchbay-demo.safetensors"


def test_opening_the_same_checkpoint_twice_gives_equal_references(runtime, checkpoint):
    assert load_checkpoint(runtime, "patchbay-demo.safetensors") == checkpoint


def test_a_checkpoint_that_is_not_there_is_named_with_what_is_near(runtime):
    with pytest.raises(FileNotInFolder, match="patchbay-demo"):
        load_checkpoint(runtime, "patchbay-demon.safetensors")


def test_a_vae_that_is_not_there_is_refused(runtime):
    with pytest.raises(FileNotInFolder, match="sharp"):
        load_vae(runtime, "sharp.safetensors")


def test_networks_and_text_encoders_in_files_of_their_own_open_by_reference(runtime, checkpoint, tmp_path):
    for kind, handle in (("diffusion_models", checkpoint.model), ("text_encoders", checkpoint.clip)):
        (tmp_path / kind).mkdir()
        save_models(runtime.folders, tmp_path / kind / "alone.safetensors", handle)
    there = Runtime(ModelFolders(tmp_path, {kind: [tmp_path / kind] for kind in ("diffusion_models", "text_encoders")}))
    network, text = load_network(there, "alone.safetensors"), load_text_encoder(there, "alone.safetensors")
    assert (network.weights.component, text.weights.component) == ("model", "text")
    assert network.sampling == checkpoint.model.sampling


def test_what_is_no_text_encoder_is_told_by_what_it_looks_like(runtime, checkpoint, tmp_path):
    save_models(runtime.folders, tmp_path / "other.safetensors", checkpoint.vae)
    there = Runtime(ModelFolders(tmp_path, {"text_encoders": [tmp_path]}))
    with pytest.raises(UnreadableFile, match=r"other\.safetensors is not a text encoder\. It looks like a VAE"):
        load_text_encoder(there, "other.safetensors")
