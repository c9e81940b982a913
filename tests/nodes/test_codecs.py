import torch

from diffusion.latent import Latent
from graph.codec import Codecs
from nodes.codecs import NodeCodecs


def test_a_latent_goes_to_a_file_and_back(tmp_path):
    codecs: Codecs = NodeCodecs()
    latent = Latent(torch.randn(1, 4, 8, 8))
    document, tensors = codecs.dump(latent)
    codecs.write(tmp_path / "stored", tensors)
    again = codecs.load(document, codecs.read(tmp_path / "stored"))
    assert torch.equal(again.samples, latent.samples)
    assert codecs.digest(again) == codecs.digest(latent)
    assert codecs.size(latent) == 4 * 8 * 8 * 4
