import torch

from tools.demo_model.hypernetwork import Hypernetwork
from tools.demo_model.networks import Sizes, build_unet

SMALL = Sizes(unet_widths=(32, 32, 32, 32), unet_depth=1, text_width=32)


def test_the_shipped_file_opens_without_running_code_and_has_the_known_shape(models):
    content = torch.load(models / "hypernetworks/watercolor.pt", weights_only=True)
    assert content["layer_structure"] == [1, 2, 1]
    for width in (32, 64, 96):
        for state in content[width]:
            assert state["linear.0.weight"].shape == (2 * width, width)
            assert state["linear.2.weight"].shape == (width, 2 * width)


def test_it_survives_the_file_and_bends_only_while_it_is_on(tmp_path):
    torch.manual_seed(0)
    unet = build_unet(SMALL)
    torch.nn.init.normal_(unet.conv_out.weight)
    inputs = torch.randn(1, 4, 8, 8), torch.tensor([500]), torch.randn(1, 77, 32)
    with torch.no_grad():
        before = unet(*inputs).sample
        network = Hypernetwork((32,))
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter)).copy_(parameter.half())
        network.save(tmp_path / "h.pt", steps=1)
        handles = Hypernetwork.load(tmp_path / "h.pt").install(unet)
        bent = unet(*inputs).sample
        for handle in handles:
            handle.remove()
        handles = network.install(unet)
        assert torch.equal(unet(*inputs).sample, bent)
        assert not torch.allclose(bent, before)
        network.strength = 0.0
        assert torch.equal(unet(*inputs).sample, before)
