import pytest
import torch

from diffusion.errors import UnreadableFile
from diffusion.image import Image
from diffusion.latent import Latent
from nodes.latent import decode, empty_latent, encode, load_latent, save_latent
from workflows.document import read_document
from workflows.outputs import InputFolder, OutputFolder


def test_an_empty_latent_has_an_eighth_of_the_pixels_a_side():
    latent = empty_latent(512, 256, 3)
    assert latent.samples.shape == (3, 4, 32, 64)
    assert not latent.samples.any()


def test_a_picture_survives_the_way_into_a_latent_and_back(runtime, checkpoint, heard):
    pixels = torch.tensor([0.18, 0.4, 0.86]).expand(1, 64, 64, 3).clone()
    pixels[:, 16:48, 16:48] = torch.tensor([0.87, 0.2, 0.2])  # a red square on blue, which the demo model knows
    latent = encode(runtime, heard, Image(pixels), checkpoint.vae)
    assert latent.samples.shape == (1, 4, 8, 8)
    again = decode(runtime, heard, latent, checkpoint.vae).pixels
    assert again.shape == pixels.shape
    assert (again - pixels).abs().mean() < 0.05


def test_a_latent_is_the_same_after_saving_and_loading(tmp_path):
    document = read_document({"1": {"class_type": "SaveLatent", "inputs": {}}})
    outputs = OutputFolder(tmp_path, tmp_path / "counters.sqlite", document)
    latent = Latent(torch.randn(1, 4, 8, 8))
    saved = save_latent(outputs, document, latent, "latents/mine")
    assert saved.name == "latents/mine_00001_.latent"
    assert torch.equal(load_latent(InputFolder(tmp_path), saved.name).samples, latent.samples)


def test_a_file_that_holds_no_latent_is_refused_by_name(tmp_path):
    (tmp_path / "page.latent").write_text("<html>")
    with pytest.raises(UnreadableFile, match=r"page\.latent"):
        load_latent(InputFolder(tmp_path), "page.latent")
