import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cli.inspect import describe_model
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


def test_an_adapter_is_described_without_a_checkpoint_to_hold_it_against(capsys):
    assert main(["inspect", "rocket"]) == 0
    said = capsys.readouterr().out
    assert "LoRA of rank 4 and alpha 4 made for Stable Diffusion 1.x with kohya, changes 192 modules" in said
    assert "Trigger words: rocket." in said
    assert "AutoV3 " in said


def test_a_program_is_given_the_whole_report(capsys):
    assert main(["inspect", "neon-dora", "--json"]) == 0
    adapter = json.loads(capsys.readouterr().out)["adapter"]
    assert adapter["kinds"] == {"LoRA with DoRA": 216}
    assert adapter["ranks"] == [4]
    assert adapter["alphas"] == [4.0]


def test_a_configuration_beside_an_adapter_counts(tmp_path, capsys):
    tensors = {
        "base_model.model.a.lora_A.weight": torch.ones(2, 8),
        "base_model.model.a.lora_B.weight": torch.ones(8, 2),
    }
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 2, "lora_alpha": 6}))
    assert main(["inspect", str(tmp_path / "adapter_model.safetensors")]) == 0
    assert "LoRA of rank 2 and alpha 6" in capsys.readouterr().out


@pytest.mark.parametrize("on", [[], ["--on", "patchbay-demo"]])
def test_an_adapter_of_a_kind_that_is_not_applied_is_named_and_not_sent_to_a_loader(on, tmp_path, capsys):
    save_file({"lora_unet_mid_block.lambda_layer": torch.ones(4)}, tmp_path / "t.safetensors")
    assert main(["inspect", str(tmp_path / "t.safetensors"), *on]) == 0
    said = capsys.readouterr().out
    assert "t.safetensors holds T-LoRA, which cannot be applied here." in said
    assert "LoraLoader" not in said


def test_a_checkpoint_is_no_adapter(capsys):
    assert main(["inspect", "patchbay-demo", "--on", "patchbay-demo"]) == 0
    assert "is no adapter" in capsys.readouterr().out


def test_a_pickled_file_is_looked_into(capsys):
    assert main(["inspect", "watercolor"]) == 0
    assert "watercolor.pt: a hypernetwork" in capsys.readouterr().out


def test_inspecting_imports_no_torch():
    code = "import sys; from cli.main import main; main(['inspect', 'neon', '--on', 'patchbay-demo'])"
    command = [sys.executable, "-c", f"{code}; assert 'torch' not in sys.modules"]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)


@pytest.mark.parametrize("name", ["nowhere", str(ROOT / "LICENSE")])
def test_what_is_no_model_file_is_refused_in_a_sentence(name, capsys):
    assert main(["inspect", name]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_what_an_adapter_is_held_against_may_be_pickled(capsys):
    assert main(["inspect", "neon", "--on", "watercolor"]) == 2
    assert "watercolor.pt is not a checkpoint" in capsys.readouterr().err


def test_a_model_is_described_for_programs_without_looking_into_pickles(tmp_path):
    lora = describe_model(ROOT / "models/loras/neon.safetensors")
    assert lora["family"] == "Stable Diffusion 1.x" and lora["adapter"]["kinds"] and len(lora["sentences"]) > 1
    checkpoint = describe_model(ROOT / "models/checkpoints/patchbay-demo.safetensors")
    assert checkpoint["family"] == "Stable Diffusion 1.x" and "adapter" not in checkpoint
    (tmp_path / "evil.ckpt").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    assert "pickled" in describe_model(tmp_path / "evil.ckpt")["sentences"][0]
