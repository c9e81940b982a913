"""Every kind against its trainer: files and forward passes made by `tools/oracles/make_adapter_fixtures.py`."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from diffusion.adapters.adapter import apply_patches
from diffusion.adapters.patches import inspect_adapter, patches_for
from diffusion.families.family import Target
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied

GOLDEN = Path(__file__).parents[2] / "golden" / "adapters"
CASES = sorted(path.stem for path in GOLDEN.glob("*.safetensors") if path.stem != "forward")
EXACT = 1e-5


@pytest.fixture(scope="module")
def truth():
    return load_file(GOLDEN / "forward.safetensors")


@pytest.fixture(scope="module")
def targets(truth):
    weights = {name: tensor for name, tensor in truth.items() if "/" not in name}
    return {"model": {name: Target(name, tuple(tensor.shape), name) for name, tensor in weights.items()}}


def install(case, base):
    """Put a trainer's file where a user would: PEFT's comes in a folder, with its configuration beside it."""
    folder = base / "models" / "loras" / case
    folder.mkdir(parents=True)
    shutil.copy(GOLDEN / f"{case}.safetensors", folder / "adapter_model.safetensors")
    with safe_open(GOLDEN / f"{case}.safetensors", "pt") as file:
        config = (file.metadata() or {}).get("config")
    if config:
        (folder / "adapter_config.json").write_text(json.dumps(json.loads(config)))
    return ModelFolders(base), f"{case}/adapter_model.safetensors"


@pytest.mark.parametrize("case", CASES)
def test_a_trainers_file_changes_a_layer_as_its_own_forward_did(case, truth, targets, tmp_path):
    folders, name = install(case, tmp_path)
    ref, report = inspect_adapter(folders, name, targets)
    assert report.unknown == ()
    patches = patches_for(folders, (Applied(ref, 1.0),), "model", targets["model"])
    expected = {name.partition("/")[2]: delta for name, delta in truth.items() if name.startswith(f"{case}/")}
    assert patches.keys() == expected.keys()
    for weight, on_weight in patches.items():
        change = apply_patches(truth[weight], on_weight) - truth[weight]
        assert torch.linalg.vector_norm(change - expected[weight]) <= EXACT * torch.linalg.vector_norm(expected[weight])
