import pytest
import torch
from safetensors.torch import save_file

from diffusion.errors import FileNotInFolder, UnknownFamily, UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.handle import File
from diffusion.runtime import Runtime
from diffusion.saving import save_models
from nodes.conditioning import encode_prompt
from nodes.control import load_control_net
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


def test_networks_and_text_encoders_in_files_of_their_own_open_by_reference(runtime, checkpoint, heard, tmp_path):
    for kind, handle in (("diffusion_models", checkpoint.model), ("text_encoders", checkpoint.clip)):
        (tmp_path / kind).mkdir()
        save_models(runtime.folders, tmp_path / kind / "alone.safetensors", handle)
    there = Runtime(ModelFolders(tmp_path, {kind: [tmp_path / kind] for kind in ("diffusion_models", "text_encoders")}))
    network, text = load_network(there, pytest.fail, "alone"), load_text_encoder(there, pytest.fail, "alone")
    assert (network.weights.component, text.weights.component) == ("model", "text")
    assert network.sampling == checkpoint.model.sampling
    assert load_network(there, heard, "alone", "fp8_e5m2") == network
    assert load_text_encoder(there, heard, "alone", device="cpu") == text
    assert ["fp8_e5m2" in heard.warnings[0], "cpu" in heard.warnings[1]] == [True, True]


def test_what_is_no_text_encoder_is_told_by_what_it_looks_like(runtime, checkpoint, tmp_path):
    save_models(runtime.folders, tmp_path / "other.safetensors", checkpoint.vae)
    there = Runtime(ModelFolders(tmp_path, {"text_encoders": [tmp_path]}))
    with pytest.raises(UnreadableFile, match=r"other\.safetensors is not a text encoder\. It looks like a VAE"):
        load_text_encoder(there, pytest.fail, "other.safetensors")


@pytest.fixture
def written(runtime, tmp_path):
    """Writes a file of a kind, and gives what runs models from there, and the repository's checkpoints."""

    def write(kind, shapes, metadata=None):
        (tmp_path / kind).mkdir()
        save_file(
            {name: torch.zeros(shape) for name, shape in shapes.items()}, tmp_path / kind / "xl.safetensors", metadata
        )
        root = runtime.folders.base_directory
        folders = ModelFolders(tmp_path, extra={kind: [tmp_path / kind], "checkpoints": [root / "models/checkpoints"]})
        return Runtime(folders, device="cpu")

    return write


def test_a_checkpoint_of_another_family_is_refused_by_name(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    names = {
        "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
        "conditioner.embedders.1.model.ln_final.weight": (1280,),
    }
    tensors = {name: torch.zeros(shape) for name, shape in names.items()}
    save_file(
        tensors | {"model.diffusion_model.label_emb.0.0.weight": torch.zeros(1280, 2816)},
        tmp_path / "checkpoints/xl.safetensors",
    )
    there = Runtime(ModelFolders(tmp_path, {"checkpoints": [tmp_path / "checkpoints"]}))
    with pytest.raises(
        UnknownFamily, match=r"^xl\.safetensors is not a checkpoint of .*It looks like Stable Diffusion XL"
    ):
        load_checkpoint(there, "xl.safetensors")


def test_a_vae_of_another_family_is_refused_by_name(runtime, checkpoint, tmp_path):
    from safetensors.torch import load_file

    (tmp_path / "vae").mkdir()
    path = tmp_path / "vae" / "xl.safetensors"
    save_models(runtime.folders, path, checkpoint.vae)
    there = Runtime(ModelFolders(tmp_path, {"vae": [tmp_path / "vae"]}))
    assert load_vae(there, "xl").weights.component == "vae"
    save_file(load_file(path), path, {"modelspec.architecture": "stable-diffusion-xl-v1-base/vae"})
    with pytest.raises(UnknownFamily, match=r"^xl is a VAE for Stable Diffusion XL"):
        load_vae(there, "xl")


def test_a_control_net_of_another_family_is_refused_by_name(written):
    there = written("controlnet", {"add_embedding.linear_1.weight": (1,)})
    with pytest.raises(UnknownFamily, match=r"^xl\.safetensors is .*Stable Diffusion XL"):
        load_control_net(there, "xl.safetensors")


def test_an_embedding_of_another_family_is_left_out_by_name(written, checkpoint, heard):
    there = written("embeddings", {"clip_g": (2, 1280)})
    encode_prompt(there, heard, heard, "a circle, embedding:xl", checkpoint.clip)
    assert (
        "'embedding:xl' was left out: embeddings/xl.safetensors was made for a text encoder 1280" in heard.warnings[0]
    )
