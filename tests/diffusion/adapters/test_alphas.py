import json
import math

import pytest
import torch

from diffusion.adapters.patches import inspect_adapter
from diffusion.errors import UnreadableFile

LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
KOHYA = "lora_unet_" + LAYER.replace(".", "_")
TEXT = "text_model.encoder.layers.0.self_attn.q_proj"


@pytest.fixture
def scale_of(loras, changed):
    """How much of ``up @ down`` a file of rank 4 adds at strength 1."""

    def measure(stem=KOHYA, names=("lora_up.weight", "lora_down.weight"), alpha=None, metadata=None, config=None):
        up, down = loras.rand(32, 4), loras.rand(4, 32)
        tensors = {f"{stem}.{names[0]}": up, f"{stem}.{names[1]}": down}
        if alpha is not None:
            tensors[f"{stem}.alpha"] = torch.as_tensor(alpha)
        file = "adapter_model" if config else "file"
        pristine, result = changed((loras.write(file, tensors, metadata, config), 1.0))
        change, product = result[f"{LAYER}.weight"] - pristine[f"{LAYER}.weight"], up @ down
        return float((change * product).sum() / product.square().sum())

    return measure


PEFT = {"stem": f"base_model.model.{LAYER}", "names": ("lora_B.weight", "lora_A.weight")}
DIFFUSERS = {"stem": f"unet.{LAYER}", "names": ("lora_B.weight", "lora_A.weight")}


@pytest.mark.parametrize(
    ("alpha", "scale"),
    [
        (None, 1.0),
        (4.0, 1.0),
        (1.0, 0.25),
        (0.0, 0.0),
        (torch.tensor([2.0]), 0.5),
        (torch.tensor(8, dtype=torch.int64), 2.0),
    ],
)
def test_the_stored_alpha_is_divided_by_the_rank(alpha, scale, scale_of):
    assert scale_of(alpha=alpha) == pytest.approx(scale, abs=1e-6)


def test_an_alpha_of_one_at_rank_128_is_a_hundred_and_twenty_eighth(loras, changed):
    up, down = loras.rand(32, 128), loras.rand(128, 32)
    tensors = {f"{KOHYA}.lora_up.weight": up, f"{KOHYA}.lora_down.weight": down, f"{KOHYA}.alpha": torch.tensor(1.0)}
    pristine, result = changed((loras.write("underflow", tensors), 1.0))
    change = result[f"{LAYER}.weight"] - pristine[f"{LAYER}.weight"]
    assert torch.allclose(change, up @ down / 128, atol=1e-6)


def test_diffusers_keeps_alpha_in_the_metadata(scale_of):
    said = {"lora_adapter_metadata": json.dumps({"unet.lora_alpha": 8, "unet.r": 4, "text_encoder.lora_alpha": 2})}
    assert scale_of(**DIFFUSERS, metadata=said) == pytest.approx(2.0)


def test_a_modules_own_alpha_and_rank_come_before_the_rest(scale_of):
    said = {
        "unet.lora_alpha": 8,
        "unet.r": 8,
        "unet.alpha_pattern": {"attn1.to_q": 2},
        "unet.rank_pattern": {"attn1.to_q": 4},
    }
    assert scale_of(**DIFFUSERS, metadata={"lora_adapter_metadata": json.dumps(said)}) == pytest.approx(0.5)


def test_a_pattern_may_be_a_regular_expression(scale_of):
    config = {"lora_alpha": 8, "r": 4, "alpha_pattern": {r"down_blocks\.\d+\..*to_q": 1}}
    assert scale_of(**PEFT, config=config) == pytest.approx(0.25)


def test_a_pattern_that_is_no_regular_expression_is_a_name(scale_of):
    assert scale_of(**PEFT, config={"lora_alpha": 8, "r": 4, "alpha_pattern": {"to_q(": 1}}) == pytest.approx(2.0)


def test_peft_keeps_alpha_in_a_file_beside(scale_of):
    assert scale_of(**PEFT, config={"lora_alpha": 6, "r": 4}) == pytest.approx(1.5)


def test_rank_stabilised_lora_divides_by_the_root_of_the_rank(scale_of):
    assert scale_of(**PEFT, config={"lora_alpha": 6, "r": 4, "use_rslora": True}) == pytest.approx(6 / math.sqrt(4))


def test_a_stored_alpha_speaks_for_its_tensors_before_any_configuration(scale_of):
    said = {"lora_adapter_metadata": json.dumps({"unet.lora_alpha": 8, "unet.r": 4})}
    assert scale_of(**DIFFUSERS, alpha=1.0, metadata=said) == pytest.approx(0.25)


def test_a_stored_scale_stands_in_for_alpha_and_rank(loras, changed):
    up, down = loras.rand(32, 4), loras.rand(4, 32)
    tensors = {f"{KOHYA}.lora_up.weight": up, f"{KOHYA}.lora_down.weight": down}
    tensors |= {f"{KOHYA}.alpha": torch.tensor(1.0), f"{KOHYA}.scale": torch.tensor(0.75)}
    pristine, result = changed((loras.write("scaled", tensors), 1.0))
    change = result[f"{LAYER}.weight"] - pristine[f"{LAYER}.weight"]
    assert torch.allclose(change, 0.75 * up @ down, atol=1e-6)


def test_kohyas_network_alpha_only_informs_and_its_user_is_told(loras, targets):
    tensors = {f"{KOHYA}.lora_up.weight": (32, 4), f"{KOHYA}.lora_down.weight": (4, 32)}
    name = loras.write("baked", tensors, {"ss_network_dim": "4", "ss_network_alpha": "1"})
    _, report = inspect_adapter(loras.folders, name, targets)
    assert any("store no alpha" in sentence for sentence in report.warnings())


def test_a_configuration_that_is_not_json_is_refused(loras, targets):
    tensors = {f"{KOHYA}.lora_up.weight": (32, 4), f"{KOHYA}.lora_down.weight": (4, 32)}
    name = loras.write("odd", tensors, {"lora_adapter_metadata": "{"})
    with pytest.raises(UnreadableFile, match=r"metadata of loras/odd\.safetensors should be JSON"):
        inspect_adapter(loras.folders, name, targets)


def test_a_configuration_whose_alpha_is_no_number_is_refused(loras, targets):
    tensors = {f"base_model.model.{LAYER}.lora_B.weight": (32, 4), f"base_model.model.{LAYER}.lora_A.weight": (4, 32)}
    name = loras.write("adapter_model", tensors, config={"lora_alpha": "eight", "r": 4})
    with pytest.raises(UnreadableFile, match=r"beside loras/adapter_model\.safetensors should give alpha and rank"):
        inspect_adapter(loras.folders, name, targets)
