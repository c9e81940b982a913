import pytest

from diffusion.errors import FileNotInFolder
from diffusion.handle import File
from nodes.loaders import load_checkpoint, load_vae


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
