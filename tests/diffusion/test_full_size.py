"""The full-size checkpoint, by hand: ``PATCHBAY_FULL_BASE=DIRECTORY pytest -m full tests/diffusion/test_full_size.py``.

The directory holds ``models/checkpoints/random-sd15.safetensors``: 2.1 GB in the published layout, in half precision.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from diffusion.checkpoint import Checkpoint, open_checkpoint
from diffusion.device import choose_device
from diffusion.files.folders import ModelFolders
from diffusion.residency import Residency
from diffusion.weights import open_weights

ROOT = Path(__file__).parents[2]
BASE = os.environ.get("PATCHBAY_FULL_BASE")
NAME = "random-sd15.safetensors"
LIMIT = 5.0  # decimal GB, for 256×256 in 4 steps at full precision on a CPU

pytestmark = [pytest.mark.full, pytest.mark.skipif(BASE is None, reason="PATCHBAY_FULL_BASE is not set")]


@pytest.fixture(scope="module")
def folders() -> ModelFolders:
    return ModelFolders(BASE or "")


@pytest.fixture(scope="module")
def checkpoint(folders) -> Checkpoint:
    return open_checkpoint(folders, NAME)


def test_a_fresh_process_needs_no_more_than_the_limit():
    command = [sys.executable, "benchmarks/memory.py", str(BASE), NAME]
    report = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    assert report["peak_resident_gb"] <= LIMIT


def test_the_text_encoders_memory_is_free_before_the_network_is_built(folders, checkpoint):
    residency = Residency(folders, choose_device("cpu"))
    with residency.resident(checkpoint.text):
        text = residency.held()
    with residency.resident(checkpoint.model) as unet:
        assert text > 400_000_000
        assert residency.held() == sum(weight.nbytes for weight in unet.parameters())


@pytest.mark.parametrize("component", ["text", "vae", "model"])
def test_every_weight_is_the_files(folders, checkpoint, component):
    residency, handle = Residency(folders, choose_device("cpu")), getattr(checkpoint, component)
    source = open_weights(folders.path("checkpoints", NAME))
    with residency.resident(handle) as module:
        parameters = dict(module.named_parameters())
        targets = residency.targets(handle)
        assert len(targets) == len(parameters)
        for name, target in targets.items():
            weight = parameters[name.removeprefix("text_model.")]
            assert torch.equal(weight.flatten(), source.read(target.file_name).float().flatten()), name
