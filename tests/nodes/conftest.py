"""The demo model, loaded once for all tests of nodes, and stand-ins for what the engine supplies."""

from pathlib import Path

import pytest

from diffusion.files.folders import ModelFolders
from diffusion.runtime import Runtime

ROOT = Path(__file__).parents[2]


class Heard:
    """Takes warnings and progress as the engine would, and remembers them."""

    def __init__(self):
        self.warnings, self.steps, self.previews = [], [], []

    def __call__(self, *what):
        if isinstance(what[0], str):
            self.warnings.append(what[0])
        else:
            self.steps.append(what[:2])
            self.previews.append(what[2] if len(what) > 2 else None)

    def check(self):
        pass


@pytest.fixture(scope="session")
def runtime():
    return Runtime(ModelFolders(ROOT), device="cpu")


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture(scope="session")
def checkpoint(runtime):
    from nodes.loaders import load_checkpoint

    return load_checkpoint(runtime, "patchbay-demo.safetensors")
