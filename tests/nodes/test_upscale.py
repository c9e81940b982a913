import pytest
import torch
from safetensors.torch import save_file

from diffusion.errors import FileNotInFolder
from diffusion.files.folders import ModelFolders
from diffusion.image import Image
from diffusion.runtime import Runtime
from nodes.upscale import load_upscaler, upscale_image


@pytest.fixture
def there(tmp_path):
    generator = torch.Generator().manual_seed(0)
    shapes = {"body.0": (6, 3, 3, 3), "body.2": (12, 6, 3, 3)}
    tensors = {f"{name}.weight": torch.randn(shape, generator=generator) / 20 for name, shape in shapes.items()}
    tensors |= {f"{name}.bias": torch.zeros(shape[0]) for name, shape in shapes.items()}
    save_file(tensors | {"body.1.weight": torch.full((6,), 0.1)}, tmp_path / "twice.safetensors")
    return Runtime(ModelFolders(tmp_path, {"upscale_models": [tmp_path]}), device="cpu")


def test_a_picture_is_enlarged_as_many_times_as_the_network_was_trained_for(there, heard):
    network = load_upscaler(there, "twice.safetensors")
    assert network.scale == 2
    larger = upscale_image(there, heard, network, Image(torch.rand(1, 10, 12, 3)))
    assert larger.pixels.shape == (1, 20, 24, 3)
    assert heard.steps == [(1, 1)]


def test_a_network_that_is_not_there_is_named(there):
    with pytest.raises(FileNotInFolder, match="thrice"):
        load_upscaler(there, "thrice.pth")
