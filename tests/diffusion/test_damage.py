from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffusion.checkpoint import open_checkpoint
from diffusion.conditioning import Cond, Conditioning
from diffusion.damage import cause_of_not_finite
from diffusion.device import choose_device
from diffusion.errors import NotFinite
from diffusion.files.folders import ModelFolders
from diffusion.latent import Latent
from diffusion.residency import Residency
from diffusion.sampling import sample
from diffusion.text.encode import encode
from diffusion.vae import decode

NETWORK = "model.diffusion_model.out.2.bias"
TEXT = "cond_stage_model.transformer.text_model.final_layer_norm.weight"
VAE = "first_stage_model.decoder.conv_out.bias"
PROMPT = Conditioning((Cond(torch.zeros(1, 5, 32)),))


@pytest.fixture
def damaged(tmp_path: Path, tiny_tensors, tiny_metadata):
    """Opens a checkpoint in which a weight holds a value that is no number."""

    def damage(name: str, value: float = float("nan")):
        tensors = tiny_tensors()
        tensors[name] = tensors[name].float()
        tensors[name].view(-1)[0] = value
        folder = tmp_path / "models" / "checkpoints"
        folder.mkdir(parents=True)
        save_file(tensors, folder / "bad.safetensors", tiny_metadata)
        folders = ModelFolders(tmp_path)
        return Residency(folders, choose_device("cpu")), folders, open_checkpoint(folders, "bad.safetensors")

    return damage


def test_a_damaged_network_is_named_with_its_file_and_weight(damaged):
    residency, _, opened = damaged(NETWORK)
    with pytest.raises(NotFinite, match=r"The weight model\.diffusion_model\.out\.2\.bias of .*bad\.safetensors"):
        sample(
            residency, opened.model, PROMPT, PROMPT, Latent(torch.zeros(1, 4, 8, 8)),
            seed=1, steps=2, cfg=2.0, sampler_name="euler", scheduler="normal",
        )  # fmt: skip


def test_a_damaged_text_encoder_is_named_with_its_file_and_weight(damaged):
    residency, folders, opened = damaged(TEXT)
    with pytest.raises(NotFinite, match=r"final_layer_norm\.weight of .*bad\.safetensors holds values"):
        encode(residency, folders, opened.text, "a cat", warn=pytest.fail)


def test_a_damaged_vae_is_named_with_its_file_and_weight(damaged):
    residency, _, opened = damaged(VAE)
    with pytest.raises(NotFinite, match=r"decoder\.conv_out\.bias of .*bad\.safetensors holds values"):
        decode(residency, opened.vae, torch.zeros(1, 4, 8, 8))


def test_a_weight_that_the_number_format_cannot_hold_is_not_called_damaged(damaged):
    _, folders, opened = damaged(NETWORK, 1e6)
    residency = Residency(folders, choose_device("cpu", "fp16"))
    with residency.resident(opened.model):
        pass
    assert "the device's number format" in cause_of_not_finite(residency, opened.model)


def test_sound_models_and_those_that_are_not_resident_are_not_to_blame(tiny_residency, tiny):
    assert cause_of_not_finite(tiny_residency, tiny.model) is None
    with tiny_residency.resident(tiny.model):
        assert cause_of_not_finite(tiny_residency, tiny.model, tiny.vae) is None
