"""Textual inversions inside a LoRA's file."""

import pytest
import torch
from safetensors.torch import save_file

from diffusion.device import choose_device
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied
from diffusion.residency import Residency
from diffusion.text.bundles import bundles_of
from diffusion.text.encode import encode

WIDTH = 32


@pytest.fixture
def folders(tiny_folders, tmp_path):
    """A LoRA that brings two embeddings for the small checkpoint and one for another, and one of them alone."""
    generator = torch.Generator().manual_seed(2)
    sea, sky = (torch.randn(2, WIDTH, generator=generator) for _ in range(2))
    (tmp_path / "loras").mkdir()
    (tmp_path / "embeddings").mkdir()
    brought = {
        "bundle_emb.sea.string_to_param.*": sea,
        "bundle_emb.sky.clip_l": sky,
        "bundle_emb.sky.clip_g": torch.zeros(2, 48),
        "bundle_emb.wide.emb_params": torch.zeros(2, 24),
        "lora_unet_x.diff": torch.zeros(4, 4),
    }
    save_file(brought, tmp_path / "loras" / "coast.safetensors")
    save_file({"emb_params": sea}, tmp_path / "embeddings" / "alone.safetensors")
    return ModelFolders(
        tiny_folders.base_directory, extra={kind: [tmp_path / kind] for kind in ("loras", "embeddings")}
    )


@pytest.fixture
def read(folders, tiny):
    """(prompt, rules) → embeddings, what was used, what was warned of."""
    residency = Residency(folders, choose_device("cpu"))
    handle = tiny.text.clone(Applied(folders.ref("loras", "coast.safetensors"), 0.0))

    def read(prompt, rules="default"):
        used, warned = [], []
        conditioning = encode(residency, folders, handle, prompt, warn=warned.append, note=used.append, rules=rules)
        return conditioning.entries[0].embeds, used, warned

    return read


def test_an_adapter_on_the_encoder_brings_its_embeddings(folders, tiny):
    file = folders.ref("loras", "coast.safetensors")
    once = tiny.text.clone(Applied(file, 1.0))
    assert bundles_of(once, folders) == {"sea": file, "sky": file, "wide": file}
    assert bundles_of(tiny.text, folders) == {}


@pytest.mark.parametrize(
    ("prompt", "rules"), [("a embedding:sea", "default"), ("a sea", "bare_names"), ("a Sea", "a1111")]
)
def test_they_are_named_as_others_are(prompt, rules, read):
    embeds, used, warned = read(prompt, rules)
    assert torch.equal(embeds, read(prompt.lower().replace("sea", "alone"), rules)[0])
    assert used == ["embedding sea → loras/coast.safetensors: 2 vectors"]
    assert warned == []


def test_two_of_one_file_are_kept_apart(read):
    both, used, _ = read("embedding:sea embedding:sky")
    assert len(used) == 2
    assert not torch.equal(both, read("embedding:sea embedding:sea")[0])


def test_one_for_another_encoder_is_left_out_with_a_warning(read):
    _, used, (warning,) = read("a embedding:wide")
    assert used == []
    assert "made for a text encoder 24 numbers wide" in warning
