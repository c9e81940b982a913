"""The shipped adapters on the shipped model, as they are and stored as other kinds."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from diffusion.adapters.patches import inspect_adapter
from diffusion.checkpoint import open_checkpoint
from diffusion.device import choose_device
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied
from diffusion.residency import Residency
from tests.diffusion.adapters.conversions import CONVERSIONS
from tests.diffusion.adapters.loras import Loras

ROOT = Path(__file__).parents[3]
STRENGTH = 0.8


@pytest.fixture(scope="module")
def loras(tmp_path_factory):
    written = Loras(tmp_path_factory.mktemp("demo"))
    shipped = {kind: [ROOT / "models" / kind] for kind in ("checkpoints", "loras")}
    written.folders = ModelFolders(written.folder.parents[1], extra=shipped)
    return written


@pytest.fixture(scope="module")
def residency(loras):
    return Residency(loras.folders, choose_device("cpu"))


@pytest.fixture(scope="module")
def checkpoint(loras):
    return open_checkpoint(loras.folders, "patchbay-demo.safetensors")


@pytest.fixture(scope="module")
def targets(residency, checkpoint):
    return {"model": residency.targets(checkpoint.model), "text": residency.targets(checkpoint.text)}


def state(residency, handle):
    with residency.resident(handle) as module:
        return {name: weight.clone() for name, weight in module.state_dict().items()}


def put_on(loras, handle, name, strength=STRENGTH):
    return handle.clone(Applied(loras.folders.ref("loras", name), strength))


@pytest.mark.parametrize("name", ["neon.safetensors", "rocket.safetensors"])
def test_the_shipped_adapters_fit_whole(name, loras, targets):
    _, report = inspect_adapter(loras.folders, name, targets)
    assert report.warnings() == ()
    assert report.changed["model"] > 0 and report.changed["text"] > 0


@pytest.fixture(scope="module")
def neon(targets):
    """The shipped adapter's tensors and the weights they change, by the module's name in the file."""
    modules = {}
    for key, tensor in load_file(ROOT / "models" / "loras" / "neon.safetensors").items():
        stem, _, suffix = key.partition(".")
        modules.setdefault(stem, {})[suffix] = tensor
    pristine = load_file(ROOT / "models" / "checkpoints" / "patchbay-demo.safetensors")
    stems = {f"lora_unet_{name.removesuffix('.weight').replace('.', '_')}": name for name in targets["model"]}
    return {
        stem: (lora, pristine[targets["model"][stems[stem]].file_name].float())
        for stem, lora in modules.items()
        if stem in stems
    }


@pytest.fixture(scope="module")
def expected(loras, residency, checkpoint):
    """The model with the shipped adapter on it."""
    return state(residency, put_on(loras, checkpoint.model, "neon.safetensors"))


@pytest.mark.parametrize("kind", sorted(CONVERSIONS))
def test_the_same_change_stored_as_another_kind_makes_the_same_model(
    kind, neon, expected, loras, residency, checkpoint
):
    tensors = {
        f"{stem}.{suffix}": tensor.contiguous()
        for stem, (lora, weight) in neon.items()
        for suffix, tensor in CONVERSIONS[kind](lora, weight).items()
    }
    got = state(residency, put_on(loras, checkpoint.model, loras.write(f"neon as {kind}", tensors)))
    for name, weight in expected.items():
        assert torch.linalg.vector_norm(got[name] - weight) <= 1e-5 * torch.linalg.vector_norm(weight), name


def test_an_adapter_and_its_opposite_leave_the_model_bit_for_bit(loras, residency, checkpoint):
    base = state(residency, checkpoint.model)
    state(residency, put_on(loras, checkpoint.model, "neon.safetensors"))
    there_and_back = put_on(loras, put_on(loras, checkpoint.model, "neon.safetensors", 0.7), "neon.safetensors", -0.7)
    back = state(residency, there_and_back)
    assert all(torch.equal(back[name], weight) for name, weight in base.items())
