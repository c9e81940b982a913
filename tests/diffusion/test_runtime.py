import subprocess
import sys
from pathlib import Path

from diffusion.files.folders import ModelFolders
from diffusion.runtime import Runtime

ROOT = Path(__file__).parents[2]


def test_a_runtime_costs_nothing_until_a_model_is_used():
    code = "import sys; from diffusion.runtime import Runtime; from diffusion.files.folders import ModelFolders;"
    code += "Runtime(ModelFolders('.')); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_there_is_one_owner_of_the_device(tmp_path):
    runtime = Runtime(ModelFolders(tmp_path), device="cpu")
    assert runtime.residency is runtime.residency
    assert runtime.residency.device.type == "cpu"
