import json
from pathlib import Path

import pytest

from cli.main import main

ROOT = Path(__file__).parents[2]


def test_a_checkpoint_is_named(capsys):
    assert main(["inspect", "patchbay-demo"]) == 0
    assert "a checkpoint of Stable Diffusion 1.x" in capsys.readouterr().out


def test_an_adapter_is_held_against_a_checkpoint(capsys):
    assert main(["inspect", str(ROOT / "models/loras/neon.safetensors"), "--on", "patchbay-demo", "--json"]) == 0
    inspected = json.loads(capsys.readouterr().out)
    assert "modules of the model" in inspected["sentences"][1]
    assert inspected["metadata"]["ss_output_name"] == "neon"


@pytest.mark.parametrize("name", ["nowhere", str(ROOT / "LICENSE")])
def test_what_is_no_model_file_is_refused_in_a_sentence(name, capsys):
    assert main(["inspect", name]) == 2
    assert "Traceback" not in capsys.readouterr().err
