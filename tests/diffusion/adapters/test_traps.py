"""The traps that published files set, one test each, with a file made for it."""

import json
import struct

import pytest
import torch

from diffusion.adapters.patches import inspect_adapter
from diffusion.errors import AdapterMismatch, FileNotInFolder, UnreadableFile
from tests.diffusion.adapters import dense

BLOCK = "down_blocks.0.attentions.0.transformer_blocks.0"
LAYER = f"{BLOCK}.attn1.to_q"
KOHYA = "lora_unet_" + LAYER.replace(".", "_")


def lora(stem=KOHYA, out=32, into=32):
    return {f"{stem}.lora_up.weight": (out, 4), f"{stem}.lora_down.weight": (4, into)}


def test_keys_that_are_ignored_are_counted_and_named(loras, targets):
    name = loras.write("partial", {**lora(), **lora("lora_unet_up_blocks_7_attn"), "surprise": (3,)})
    _, report = inspect_adapter(loras.folders, name, targets)
    unmatched, unknown = report.warnings()
    assert (
        unmatched == "loras/partial.safetensors: 1 of its 2 modules are not in this model: lora_unet_up_blocks_7_attn."
    )
    assert unknown == "loras/partial.safetensors: not understood and left out: 1 key (surprise)."


def test_no_match_at_all_is_an_error(loras, targets):
    name = loras.write("elsewhere", lora("lora_unet_up_blocks_7_attn"))
    with pytest.raises(AdapterMismatch, match="changes nothing of this model"):
        inspect_adapter(loras.folders, name, targets)


def test_a_file_that_holds_no_adapter_is_an_error(loras, targets):
    name = loras.write("other", {"surprise.weight": (32, 4, 3, 3)})
    with pytest.raises(AdapterMismatch, match="is no adapter of a kind known here"):
        inspect_adapter(loras.folders, name, targets)


def test_a_whole_checkpoint_is_named_as_one(loras, targets, tiny_tensors, tiny_metadata):
    name = loras.write("whole", tiny_tensors(), dict(tiny_metadata))
    with pytest.raises(AdapterMismatch, match=r"is a whole checkpoint of Stable Diffusion 1\.x — use CheckpointLoader"):
        inspect_adapter(loras.folders, name, targets)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("model.diffusion_model.double_blocks.0.img_attn.qkv.weight", "FLUX"),
        ("conditioner.embedders.1.model.ln_final.weight", "Stable Diffusion XL"),
        ("string_to_param.*", "a textual inversion"),
        ("control_model.input_blocks.0.0.weight", "a ControlNet"),
    ],
)
def test_what_is_something_else_is_named(key, what, loras, targets):
    with pytest.raises(AdapterMismatch, match=rf"loras/else\.safetensors is {what}.*, not an adapter\."):
        inspect_adapter(loras.folders, loras.write("else", {key: (8, 8)}), targets)


@pytest.mark.parametrize(("places", "size"), [([[40], [0]], (32, 32)), ([[0], [-1]], (32, 32)), ([[0], [0]], (32, 16))])
def test_a_sparse_remainder_that_lies_outside_its_weight_is_named(places, size, loras, changed):
    sparse = {
        f"{KOHYA}.bias_indices": torch.tensor(places, dtype=torch.int16),
        f"{KOHYA}.bias_values": torch.ones(1),
        f"{KOHYA}.bias_size": torch.tensor(size),
    }
    with pytest.raises(UnreadableFile, match=r"loras/sparse\.safetensors is damaged: .*to_q: its sparse remainder"):
        changed((loras.write("sparse", {**lora(), **sparse}), 1.0))


@pytest.mark.parametrize("axis", [0, 1])
def test_a_square_weights_magnitude_is_laid_along_the_axis_its_shape_names(axis, loras, changed):
    sample = dense.dora(1, (32, 32), axis=axis)
    name = loras.write("dora", {f"{KOHYA}.{suffix}": tensor for suffix, tensor in sample.tensors.items()})
    pristine, result = changed((name, 1.0))
    before = pristine[f"{LAYER}.weight"].double()
    after = before + sample.change(before, 1.0)
    assert torch.allclose(result[f"{LAYER}.weight"].double(), after, atol=1e-5)
    lengths = result[f"{LAYER}.weight"].norm(dim=1 - axis)
    assert torch.allclose(lengths, sample.tensors["dora_scale"].flatten(), atol=1e-5)


def test_a_flat_magnitude_goes_where_its_length_fits(loras, changed):
    stem = "lora_unet_" + f"{BLOCK}.ff.net.2".replace(".", "_")
    magnitude = loras.rand(128).abs() + 1
    name = loras.write("flat", {**lora(stem, 32, 128), f"{stem}.dora_scale": magnitude})
    _, result = changed((name, 1.0))
    assert torch.allclose(result[f"{BLOCK}.ff.net.2.weight"].norm(dim=0), magnitude, atol=1e-5)


def test_an_absurd_alpha_of_a_whole_lokr_is_no_scale(loras, changed):
    one, two = loras.rand(4, 4), loras.rand(8, 8)
    name = loras.write(
        "whole", {f"{KOHYA}.lokr_w1": one, f"{KOHYA}.lokr_w2": two, f"{KOHYA}.alpha": torch.tensor(1e10)}
    )
    pristine, result = changed((name, 1.0))
    change = result[f"{LAYER}.weight"] - pristine[f"{LAYER}.weight"]
    assert torch.allclose(change, torch.kron(one, two), atol=1e-6)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_file_that_is_not_finite_is_refused_by_name(value, dtype, loras, targets):
    up = torch.zeros(32, 4, dtype=dtype)
    up[1, 2] = value
    name = loras.write("burnt", {**lora(), f"{KOHYA}.lora_up.weight": up})
    with pytest.raises(UnreadableFile, match=r"loras/burnt\.safetensors holds NaN or infinity in 1 of its 2 tensors"):
        inspect_adapter(loras.folders, name, targets)


def test_half_precision_factors_whose_product_overflows_are_multiplied_in_single(loras, changed):
    up, down = torch.full((32, 4), 300.0).half(), torch.full((4, 32), 300.0).half()
    name = loras.write("loud", {f"{KOHYA}.lora_up.weight": up, f"{KOHYA}.lora_down.weight": down})
    pristine, result = changed((name, 1.0))
    assert torch.allclose(result[f"{LAYER}.weight"] - pristine[f"{LAYER}.weight"], torch.tensor(360_000.0))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_narrow_number_formats_are_read_as_they_are(dtype, loras, changed):
    up, down = loras.rand(32, 4).to(dtype), loras.rand(4, 32).to(dtype)
    name = loras.write("narrow", {f"{KOHYA}.lora_up.weight": up, f"{KOHYA}.lora_down.weight": down})
    pristine, result = changed((name, 1.0))
    change = result[f"{LAYER}.weight"] - pristine[f"{LAYER}.weight"]
    assert torch.allclose(change, up.float() @ down.float(), atol=1e-5)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "web page"),
        (b"", "empty"),
        (b"\x80\x04\x95" + bytes(40), "pickled"),
        (b"PK\x03\x04" + bytes(40), "pickled"),
        (struct.pack("<Q", 1 << 40) + b"{}" * 20, "truncated"),
        (struct.pack("<Q", 8) + b"nonsense", "not JSON"),
    ],
)
def test_what_is_not_a_safetensors_file_is_refused_by_name(content, sentence, loras, targets):
    (loras.folder / "fake.safetensors").write_bytes(content)
    with pytest.raises(UnreadableFile, match=rf"loras/fake\.safetensors .*{sentence}"):
        inspect_adapter(loras.folders, "fake.safetensors", targets)


def test_a_truncated_download_is_refused(loras, targets):
    path = loras.folder / loras.write("cut", lora())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableFile, match=r"loras/cut\.safetensors is truncated"):
        inspect_adapter(loras.folders, "cut.safetensors", targets)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8])
def test_whole_numbers_are_not_taken_for_the_values_of_a_quantised_adapter(dtype, loras, targets):
    up = torch.ones(32, 4).to(dtype)
    name = loras.write("small", {**lora(), f"{KOHYA}.lora_up.weight": up})
    with pytest.raises(UnreadableFile, match=r"loras/small\.safetensors is quantised, .*lora_up\.weight is stored as"):
        inspect_adapter(loras.folders, name, targets)


def test_narrow_numbers_with_a_factor_of_their_own_are_not_taken_as_they_are(loras, targets):
    up = loras.rand(32, 4).to(torch.float8_e4m3fn)
    name = loras.write("scaled", {**lora(), f"{KOHYA}.lora_up.weight": up, f"{KOHYA}.lora_up.scale_weight": (1,)})
    with pytest.raises(UnreadableFile, match=r"loras/scaled\.safetensors is quantised"):
        inspect_adapter(loras.folders, name, targets)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int32, torch.int64])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_alpha_is_read_in_any_format_and_shape(dtype, shape, loras, targets, changed):
    up, down = loras.rand(32, 4), loras.rand(4, 32)
    alpha = torch.full(shape, 2, dtype=dtype)
    name = loras.write(
        "odd", {f"{KOHYA}.lora_up.weight": up, f"{KOHYA}.lora_down.weight": down, f"{KOHYA}.alpha": alpha}
    )
    pristine, result = changed((name, 1.0))
    change = result[f"{LAYER}.weight"] - pristine[f"{LAYER}.weight"]
    assert torch.allclose(change, 0.5 * up @ down, atol=1e-6)
    assert inspect_adapter(loras.folders, name, targets)[1].alphas == (2.0,)


def test_a_rank_stabilised_glora_is_known_by_its_metadata_alone(loras, changed):
    sample = dense.glora(1, (32, 32), rank=4)
    tensors = {f"{KOHYA}.{suffix}": tensor for suffix, tensor in sample.tensors.items()}
    arguments = json.dumps({"algo": "glora", "rs_lora": "True"})
    pristine, result = changed((loras.write("stabilised", tensors, {"ss_network_args": arguments}), 1.0))
    before = pristine[f"{LAYER}.weight"].double()
    change = result[f"{LAYER}.weight"].double() - before
    torch.testing.assert_close(change, 2.0 * sample.change(before, 1.0), atol=1e-5, rtol=1e-4)  # √4 for 4


def test_an_old_pickled_adapter_is_read_as_data_alone(loras, targets):
    tensors = {key: loras.rand(*shape) for key, shape in lora().items()}
    torch.save(tensors, loras.folder / "old.pt")
    _, report = inspect_adapter(loras.folders, "old.pt", targets)
    assert report.matched == 1


class Trojan:
    def __reduce__(self):
        return print, ("run",)


def test_a_pickled_adapter_that_wants_code_is_refused(loras, targets):
    torch.save({"weights": Trojan()}, loras.folder / "trojan.pt")
    with pytest.raises(UnreadableFile, match=r"trojan\.pt"):
        inspect_adapter(loras.folders, "trojan.pt", targets)


def test_names_that_two_files_share_are_an_error_listing_both(loras, targets):
    loras.write("anime/style", lora())
    loras.write("photo/style", lora())
    with pytest.raises(FileNotInFolder, match=r"anime/style\.safetensors, photo/style\.safetensors"):
        inspect_adapter(loras.folders, "style.safetensors", targets)


def test_strengths_beyond_one_and_below_zero_are_taken_as_they_are(loras, changed):
    name = loras.write("slider", lora())
    pristine, up = changed((name, 3.0))
    _, down = changed((name, -3.0))
    assert pristine.keys() >= up.keys() == down.keys()


def test_a_network_trained_otherwise_and_stored_the_same_is_named(loras, targets):
    name = loras.write("fa", lora(), {"ss_network_module": "networks.lora_fa"})
    _, report = inspect_adapter(loras.folders, name, targets)
    assert report.kinds == {"LoRA-FA": 1}


def test_a_kind_that_is_known_and_not_applied_is_named(loras, targets):
    tensors = {**lora(), "base_model.model.x.vera_lambda_b": (4,), "base_model.model.x.vera_lambda_d": (4,)}
    _, report = inspect_adapter(loras.folders, loras.write("vera", tensors), targets)
    assert any("VeRA" in sentence for sentence in report.warnings())


@pytest.mark.parametrize(
    ("part", "kind"), [("vera_lambda_b", "VeRA"), ("lambda_layer", "T-LoRA"), ("hra_u", "HRA"), ("lora_E", "AdaLoRA")]
)
def test_a_file_of_nothing_but_a_kind_that_is_not_applied_is_refused_by_that_name(part, kind, loras, targets):
    name = loras.write("unapplied", {f"{KOHYA}.{part}": (4,)})
    with pytest.raises(AdapterMismatch, match=f"holds {kind}, which cannot be applied here"):
        inspect_adapter(loras.folders, name, targets)


def test_textual_inversions_in_a_lora_are_named(loras, targets):
    name = loras.write("bundle", {**lora(), "bundle_emb.teal.string_to_param.*": (2, 48)})
    _, report = inspect_adapter(loras.folders, name, targets)
    assert report.embeddings == ("teal",)
    assert report.unknown == ()


def test_metadata_of_ai_toolkit_names_the_trainer(loras, targets):
    name = loras.write("toolkit", lora(), {"software": json.dumps({"name": "ai-toolkit", "version": "0.1"})})
    _, report = inspect_adapter(loras.folders, name, targets)
    assert report.trainer == "ai-toolkit"
