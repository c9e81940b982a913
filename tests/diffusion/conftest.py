"""Small real models: a random one in the published layout, written on the spot, and the trained demo model."""

from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffusion.checkpoint import Checkpoint, open_checkpoint
from diffusion.device import choose_device
from diffusion.families.autoencoder import VaeConfig
from diffusion.families.clip import ClipConfig
from diffusion.families.sd15 import FAMILY
from diffusion.families.unet import UnetConfig
from diffusion.files.folders import ModelFolders
from diffusion.files.header import Header
from diffusion.residency import Residency

ROOT = Path(__file__).parents[2]
DEMO = "patchbay-demo.safetensors"
TINY = "tiny.safetensors"
TINY_CONFIGS = {
    "model": UnetConfig(
        in_channels=4,
        out_channels=4,
        widths=(16, 32),
        layers=1,
        depths=(1, 0),
        middle_depth=1,
        context_width=32,
        linear_projections=False,
        heads=(2, 2),
        norm_groups=4,
    ),
    "text": ClipConfig(
        vocabulary=49408, tokens=77, width=32, inner_width=64, layers=2, heads=2, activation="quick_gelu"
    ),
    "vae": VaeConfig(in_channels=3, out_channels=3, latent_channels=4, widths=(8, 8, 16, 16), layers=1, norm_groups=4),
}
TINY_METADATA = {
    "patchbay.unet.attention_heads": "2",
    "patchbay.unet.norm_groups": "4",
    "patchbay.text.attention_heads": "2",
    "patchbay.vae.norm_groups": "4",
}
Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="session", autouse=True)
def two_threads() -> None:
    torch.set_num_threads(2)


def random_tensors(configs: Mapping = TINY_CONFIGS, seed: int = 0) -> Tensors:
    """Random weights of a small SD 1.x model under the published layout's names, in half precision."""
    generator = torch.Generator().manual_seed(seed)
    tensors: Tensors = {}
    for component, config in configs.items():
        part = FAMILY.parts[component]
        with torch.device("meta"):
            module = part.build(config)
        names = part.table(Header({}), config)
        for name, file_name in names.items():
            shape = module.get_parameter(part.parameter_name(name)).shape
            values = torch.rand(shape, generator=generator).sub(0.5)
            if "norm" in name and name.endswith("weight"):
                values = 1 + 0.1 * values
            else:
                values = values * 3 / prod(shape[1:] or (100,)) ** 0.5
            tensors[file_name] = values.half()
    return tensors


@pytest.fixture(scope="session")
def tiny_tensors() -> Callable[..., Tensors]:
    """``tiny_tensors(configs, seed)``: the tensors of a small random checkpoint."""
    return random_tensors


@pytest.fixture(scope="session")
def tiny_configs() -> Mapping:
    """The configurations of the small random checkpoint, by component."""
    return TINY_CONFIGS


@pytest.fixture(scope="session")
def tiny_metadata() -> Mapping[str, str]:
    """What the small random checkpoint says about itself."""
    return TINY_METADATA


@pytest.fixture(scope="session")
def tiny_folders(tmp_path_factory: pytest.TempPathFactory) -> ModelFolders:
    """A base directory with one small random checkpoint, ``tiny.safetensors``. To be read, not changed."""
    base = tmp_path_factory.mktemp("tiny")
    (base / "models" / "checkpoints").mkdir(parents=True)
    save_file(random_tensors(), base / "models" / "checkpoints" / TINY, TINY_METADATA)
    return ModelFolders(base)


@pytest.fixture(scope="session")
def tiny(tiny_folders: ModelFolders) -> Checkpoint:
    """Handles of the small random checkpoint."""
    return open_checkpoint(tiny_folders, TINY)


@pytest.fixture
def tiny_residency(tiny_folders: ModelFolders) -> Residency:
    """An empty residency over the small random checkpoint, on the CPU."""
    return Residency(tiny_folders, choose_device("cpu"))


@pytest.fixture(scope="session")
def demo_folders() -> ModelFolders:
    """The repository's own models."""
    return ModelFolders(ROOT)


@pytest.fixture(scope="session")
def demo(demo_folders: ModelFolders) -> Checkpoint:
    """Handles of the trained demo checkpoint."""
    return open_checkpoint(demo_folders, DEMO)


@pytest.fixture(scope="session")
def demo_residency(demo_folders: ModelFolders) -> Residency:
    """One residency for all tests that only use the demo models, on the CPU."""
    return Residency(demo_folders, choose_device("cpu"))
