import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffusion.files.folders import ModelFolders
from diffusion.files.identity import autov2
from graph.errors import AmbiguousChoice
from nodes.choices import choices

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folders(tmp_path):
    for number, (name, alias) in enumerate((("a/one", "neon"), ("b/two", "neon"), ("three", "glow"), ("c/three", ""))):
        path = tmp_path / "models" / "loras" / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({"x": torch.full((2,), float(number))}, path, {"ss_output_name": alias})
    return ModelFolders(tmp_path)


@pytest.fixture
def loras(folders, tmp_path):
    return choices(folders, tmp_path)["loras"]


def test_an_adapter_is_chosen_by_its_path_its_name_its_alias_and_its_hash(folders, loras):
    assert loras.find("a/one.safetensors") == loras.find("one") == "a/one.safetensors"
    assert loras.find("glow") == "three.safetensors"
    assert loras.find(autov2(folders.path("loras", "b/two.safetensors"))) == "b/two.safetensors"
    assert loras.find("nobody") is None


@pytest.mark.parametrize(
    ("name", "candidates"),
    [("neon", ("a/one.safetensors", "b/two.safetensors")), ("three", ("c/three.safetensors", "three.safetensors"))],
)
def test_a_name_of_several_adapters_lists_them(name, candidates, loras):
    with pytest.raises(AmbiguousChoice) as raised:
        loras.find(name)
    assert sorted(raised.value.candidates) == sorted(candidates)


def test_choosing_imports_no_torch():
    code = "import sys; from nodes.choices import choices; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
