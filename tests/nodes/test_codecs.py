import torch

from diffusion.latent import Latent
from graph.codec import Codecs
from nodes.codecs import NodeCodecs
from workflows.document import Document
from workflows.outputs import OutputFolder, SavedFile, destination


def test_a_latent_goes_to_a_file_and_back(tmp_path):
    codecs: Codecs = NodeCodecs()
    latent = Latent(torch.randn(1, 4, 8, 8))
    document, tensors = codecs.dump(latent)
    codecs.write(tmp_path / "stored", tensors)
    again = codecs.load(document, codecs.read(tmp_path / "stored"))
    assert torch.equal(again.samples, latent.samples)
    assert codecs.digest(again) == codecs.digest(latent)
    assert codecs.size(latent) == 4 * 8 * 8 * 4


def test_a_saved_file_is_remembered_by_its_place(tmp_path):
    codecs: Codecs = NodeCodecs()
    file = SavedFile("a_00001_.png", tmp_path)
    document, tensors = codecs.dump(file)
    assert tensors == {}
    assert codecs.load(document, {}) == file


def test_a_picture_goes_into_another_folder_once_more(tmp_path):
    def into(name):
        folder = OutputFolder(tmp_path / name, tmp_path / "counters.sqlite", Document())
        return destination({}, {OutputFolder: folder})

    assert into("one") == into("one") != into("two")
