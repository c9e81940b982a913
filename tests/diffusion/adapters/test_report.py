import json
import subprocess
import sys

import pytest
import torch

from diffusion.adapters.patches import inspect_adapter
from diffusion.adapters.report import describe
from diffusion.errors import AdapterMismatch
from diffusion.files.header import read_header
from diffusion.files.identity import autov2, autov3

BLOCK = "down_blocks.0.attentions.0.transformer_blocks.0"
QUERY = f"lora_unet_{BLOCK}.attn1.to_q".replace(".", "_")
CROSS = f"lora_unet_{BLOCK}.attn2.to_k".replace(".", "_")
TEXT = "lora_te_text_model_encoder_layers_0_self_attn_q_proj"

GLORA = {"a1.weight": (2048, 4), "a2.weight": (4, 2048), "b1.weight": (32, 4), "b2.weight": (4, 2048)}


def lora(stem, out=32, into=32, rank=4):
    return {f"{stem}.lora_up.weight": (out, rank), f"{stem}.lora_down.weight": (rank, into)}


def inspect(loras, targets, tensors, metadata=None):
    return inspect_adapter(loras.folders, loras.write("style", tensors, metadata), targets)[1]


def test_a_report_says_what_is_applied(loras, targets):
    tensors = {**lora(QUERY), **lora(CROSS, 32, 768, rank=8), **lora(TEXT, 48, 48)}
    report = inspect(loras, targets, tensors, {"sshs_model_hash": "0123456789abcdef"})
    assert report.sentences() == (
        "loras/style.safetensors: LoRA of rank 4 to 8 made for Stable Diffusion 1.x "
        "with kohya, changes 2 modules of the model and 1 module of the text encoder. Hash 0123456789ab.",
    )


def test_a_hash_that_its_trainer_did_not_record_is_the_one_that_model_sites_show(loras, targets):
    report = inspect(loras, targets, lora(QUERY))
    assert report.hash == autov3(loras.folder / "style.safetensors")
    torch.save({key: loras.rand(*shape) for key, shape in lora(QUERY).items()}, loras.folder / "old.pt")
    assert inspect_adapter(loras.folders, "old.pt", targets)[1].hash == autov2(loras.folder / "old.pt")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64])
def test_alphas_are_read_from_the_header_on_in_every_format(dtype, loras, targets):
    tensors = {**lora(QUERY), f"{QUERY}.alpha": torch.tensor(2, dtype=dtype), **lora(CROSS, 32, 768)}
    assert inspect(loras, targets, {**tensors, f"{CROSS}.alpha": torch.tensor(16, dtype=dtype)}).alphas == (2, 16)


def test_kinds_are_counted(loras, targets):
    out = f"lora_unet_{BLOCK}.attn1.to_out.0".replace(".", "_")
    tensors = {**lora(QUERY), f"{QUERY}.dora_scale": (32, 1), f"{out}.diff": (32, 32), f"{out}.diff_b": (32,)}
    assert inspect(loras, targets, tensors).kinds == {"LoRA with DoRA": 1, "difference": 1}


def test_an_alpha_of_zero_is_spoken_of(loras, targets):
    report = inspect(loras, targets, {**lora(QUERY), f"{QUERY}.alpha": torch.tensor(0.0)})
    assert report.warnings() == ("loras/style.safetensors: alpha is 0 in 1 module, which therefore changes nothing.",)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"modelspec.trigger_phrase": "neon sign"}, ("neon sign",)),
        ({"ss_tag_frequency": json.dumps({"1_a": {"cat": 2, "hat": 5}, "2_b": {"cat": 9}})}, ("cat", "hat")),
        ({"ss_tag_frequency": "not json"}, ()),
        ({}, ()),
    ],
)
def test_trigger_words_come_from_the_metadata(metadata, words, loras, targets):
    assert inspect(loras, targets, lora(QUERY), metadata).trigger_words == words


@pytest.mark.parametrize(
    ("tensors", "metadata", "family"),
    [
        (lora(CROSS, 32, 768), {}, "Stable Diffusion 1.x"),
        (lora(CROSS, 32, 1024), {}, "Stable Diffusion 2.x"),
        (lora(CROSS, 32, 2048), {"ss_base_model_version": "sd_v1"}, "SDXL"),
        ({f"{CROSS}.lokr_w1": (4, 8), f"{CROSS}.lokr_w2": (8, 96)}, {}, "Stable Diffusion 1.x"),
        ({f"{CROSS}.diff": (32, 1024)}, {}, "Stable Diffusion 2.x"),
        (lora("lora_te2_text_model_encoder_layers_0_mlp_fc1"), {}, "SDXL"),
        (lora("lora_unet_double_blocks_0_img_attn_qkv"), {}, "FLUX.1"),
        (lora("transformer.single_transformer_blocks.0.attn.to_q"), {}, "FLUX.1"),
        (lora("lora_unet_joint_blocks_0_x_block_attn_qkv"), {}, "Stable Diffusion 3"),
        (
            lora("lora_te2_text_model_x") | lora("lora_unet_joint_blocks_0_context_block_mlp_fc1"),
            {},
            "Stable Diffusion 3",
        ),
        ({f"{CROSS}.{name}": shape for name, shape in GLORA.items()}, {}, "SDXL"),
        (lora(QUERY), {"ss_base_model_version": "sdxl_base_v1-0"}, "SDXL"),
        (lora(QUERY), {"modelspec.architecture": "flux-1-dev/lora"}, "FLUX.1"),
        (lora(QUERY), {"ss_v2": "True"}, "Stable Diffusion 2.x"),
        (lora(QUERY), {}, ""),
    ],
)
def test_the_family_is_told_by_names_then_shapes_then_metadata(tensors, metadata, family, loras):
    path = loras.folder / loras.write("any", tensors, metadata)
    assert describe("any", read_header(path)).family == family


@pytest.mark.parametrize(("width", "family"), [(1024, r"Stable Diffusion 2\.x"), (2048, "SDXL")])
def test_another_family_is_refused_naming_both_even_where_some_of_it_would_fit(width, family, loras, targets):
    with pytest.raises(AdapterMismatch, match=rf"made for {family}, and this model is Stable Diffusion 1\.x"):
        inspect(loras, targets, {**lora(QUERY), **lora(CROSS, 32, width)})


def test_an_adapter_of_the_text_encoder_alone_does_nothing_to_a_model_alone(loras, targets):
    del targets["text"]
    with pytest.raises(AdapterMismatch, match="changes the text encoder alone"):
        inspect(loras, targets, lora(TEXT, 48, 48))


def test_a_file_describes_itself_without_a_model(loras):
    tensors = {**lora(QUERY), **lora(TEXT, 48, 48), "odd": (1,)}
    name = loras.write("alone", tensors, {"ss_network_module": "networks.lora", "sshs_model_hash": "0123abcd"})
    report = describe(name, read_header(loras.folder / name))
    assert (report.kinds, report.ranks, report.changed) == ({"LoRA": 2}, (4,), {"model": 1, "text": 1})
    assert (report.trainer, report.hash, report.unknown) == ("kohya", "0123abcd", ("odd",))


def test_describing_a_file_imports_no_torch():
    code = "import sys, diffusion.adapters.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
