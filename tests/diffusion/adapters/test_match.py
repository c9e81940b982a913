import json

import pytest
import torch

from diffusion.adapters.adapter import apply_patches
from diffusion.adapters.match import Index, match
from diffusion.adapters.patches import inspect_adapter, patches_for
from diffusion.errors import AdapterMismatch
from diffusion.families.family import Target
from diffusion.files.header import Header, TensorEntry
from diffusion.handle import Applied
from tests.diffusion.adapters import dense

ATTENTION = "down_blocks.0.attentions.0.transformer_blocks.0"
QUERY = f"lora_unet_{ATTENTION}.attn1.to_q".replace(".", "_")
OUT = f"lora_unet_{ATTENTION}.attn1.to_out.0".replace(".", "_")


def header(shapes, metadata=None):
    return Header({key: TensorEntry("F32", shape, 0, 0) for key, shape in shapes.items()}, metadata or {})


def lora(stem, out, into, rank=4):
    return {f"{stem}.lora_up.weight": (out, rank), f"{stem}.lora_down.weight": (rank, into), f"{stem}.alpha": ()}


def matched(shapes, targets):
    return match(header(shapes), Index.of(targets))


def test_a_file_may_mix_kinds_module_by_module(targets):
    found = matched(
        {
            **lora(QUERY, 32, 32),
            f"{OUT}.hada_w1_a": (32, 2),
            f"{OUT}.hada_w1_b": (2, 32),
            f"{OUT}.hada_w2_a": (32, 2),
            f"{OUT}.hada_w2_b": (2, 32),
            "lora_unet_down_blocks_0_resnets_0_norm1.w_norm": (32,),
            "lora_unet_down_blocks_0_resnets_0_norm1.b_norm": (32,),
        },
        targets,
    )
    assert {name: [entry.title for entry in entries] for name, entries in found.entries["model"].items()} == {
        f"{ATTENTION}.attn1.to_q.weight": ["LoRA"],
        f"{ATTENTION}.attn1.to_out.0.weight": ["LoHa"],
        "down_blocks.0.resnets.0.norm1.weight": ["difference"],
        "down_blocks.0.resnets.0.norm1.bias": ["difference"],
    }


def test_modules_are_told_apart_by_what_becomes_of_them(targets):
    found = matched(
        {
            **lora(QUERY, 32, 32),
            **lora(f"{QUERY}_extra", 32, 32),
            **lora(OUT, 64, 64),
            f"{QUERY}.lambda": (4,),
            f"{QUERY}.rescale": (32, 1),
            "emb": (3,),
        },
        targets,
    )
    assert [module.stem for module in found.matched] == [QUERY]
    assert [module.stem for module in found.unmatched] == [f"{QUERY}_extra"]
    assert [module.stem for module in found.misfits] == [OUT]
    assert found.unknown == ("emb", f"{QUERY}.lambda", f"{QUERY}.rescale")


def test_a_module_spelled_in_two_ways_is_one(loras, targets):
    stem = f"unet.{ATTENTION}.attn1"
    up, down = loras.rand(32, 2), loras.rand(2, 32)
    name = loras.write(
        "old",
        {
            f"{stem}.processor.to_q_lora.up.weight": up,
            f"{stem}.processor.to_q_lora.down.weight": down,
            f"{stem}.to_q.alpha": torch.tensor(1.0),
        },
    )
    ref, report = inspect_adapter(loras.folders, name, targets)
    assert report.unknown == () and report.matched == 1
    (patch,) = patches_for(loras.folders, (Applied(ref, 1.0),), "model", targets["model"])[
        f"{ATTENTION}.attn1.to_q.weight"
    ]
    assert torch.allclose(patch.delta(torch.zeros(32, 32)), 0.5 * up @ down, atol=1e-6)


def test_a_second_adapter_under_another_name_in_the_same_file_is_named_as_left_out(targets):
    stem = f"base_model.model.{ATTENTION}.attn1.to_q"
    keys = {f"{stem}.lora_{side}.{name}.weight" for side in "AB" for name in ("first", "second")}
    found = matched({key: (4, 32) if "lora_A" in key else (32, 4) for key in sorted(keys)}, targets)
    assert len(found.matched) == 1
    assert found.unknown == (f"{stem}.lora_A.second.weight", f"{stem}.lora_B.second.weight")


def test_an_alpha_of_several_numbers_is_none(targets):
    found = matched({**lora(QUERY, 32, 32), f"{QUERY}.alpha": (4,)}, targets)
    assert found.unknown == (f"{QUERY}.alpha",)


def test_a_difference_of_a_linear_layer_fits_a_one_by_one_convolution(targets):
    stem = "lora_unet_down_blocks_0_attentions_0_proj_in"
    assert len(matched({f"{stem}.diff": (32, 32)}, targets).matched) == 1
    assert len(matched({f"{stem}.diff": (32, 32, 3, 3)}, targets).misfits) == 1


def test_a_core_of_a_lokrs_first_factor_is_left_out(targets):
    shapes = {"lokr_w1_a": (4, 2), "lokr_w1_b": (2, 4), "lokr_t1": (2, 2, 1, 1), "lokr_w2": (8, 8)}
    found = matched({f"{QUERY}.{suffix}": shape for suffix, shape in shapes.items()}, targets)
    assert len(found.matched) == 1
    assert found.unknown == (f"{QUERY}.lokr_t1",)


def test_modules_of_a_component_that_was_not_asked_for_are_set_aside(targets):
    del targets["text"]
    found = matched({**lora(QUERY, 32, 32), **lora("lora_te_text_model_encoder_layers_0_mlp_fc1", 192, 48)}, targets)
    assert len(found.matched) == 1
    assert found.unmatched == ()
    assert [module.stem for module in found.elsewhere] == ["lora_te_text_model_encoder_layers_0_mlp_fc1"]


def test_a_bias_beside_a_lora_is_changed_too(loras, targets):
    bias = loras.rand(32)
    name = loras.write(
        "biased", {**{key: shape for key, shape in lora(OUT, 32, 32).items() if shape}, f"{OUT}.diff_b": bias}
    )
    ref = loras.folders.ref("loras", name)
    patches = patches_for(loras.folders, (Applied(ref, 0.5),), "model", targets["model"])
    (patch,) = patches[f"{ATTENTION}.attn1.to_out.0.bias"]
    assert torch.equal(patch.delta(torch.zeros(32)), 0.5 * bias)


@pytest.mark.parametrize("channels", [9, 8])
def test_an_adapter_for_four_channels_leaves_a_widened_input_layers_others_alone(channels, loras, targets):
    targets["model"]["conv_in.weight"] = Target("conv_in.weight", (32, channels, 3, 3), "input_blocks.0.0.weight")
    sample = dense.lora(3, (32, 4, 3, 3))
    name = loras.write("any", {f"lora_unet_conv_in.{suffix}": tensor for suffix, tensor in sample.tensors.items()})
    ref, _ = inspect_adapter(loras.folders, name, targets)
    patches = patches_for(loras.folders, (Applied(ref, 1.0),), "model", targets["model"])["conv_in.weight"]
    change = apply_patches(torch.zeros(32, channels, 3, 3), patches)
    assert torch.allclose(change[:, :4].double(), sample.change(torch.zeros(()), 1.0), atol=1e-6)
    assert not change[:, 4:].any()


@pytest.mark.parametrize(("listed", "on_input"), [(["conv1"], True), ([], False), (r".*\.conv1", True), (None, False)])
def test_a_square_convolutions_factor_is_its_inputs_where_peft_lists_it(listed, on_input, loras, targets):
    layer, factor = "down_blocks.0.resnets.0.conv1", loras.rand(1, 32, 1, 1) + 1
    config = None if listed is None else {"peft_type": "IA3", "feedforward_modules": listed}
    key = f"base_model.model.{layer}.ia3_l"
    ref, _ = inspect_adapter(loras.folders, loras.write("ia3/adapter_model", {key: factor}, config=config), targets)
    patches = patches_for(loras.folders, (Applied(ref, 1.0),), "model", targets["model"])
    weight, bias = loras.rand(32, 32, 3, 3), loras.rand(32)
    expected = weight * (factor if on_input else factor.transpose(0, 1))
    torch.testing.assert_close(apply_patches(weight, patches[f"{layer}.weight"]), expected)
    of_bias = apply_patches(bias, patches[f"{layer}.bias"])
    torch.testing.assert_close(of_bias, bias if on_input else bias * factor.flatten())


class TestFusedMatrices:
    """FLUX.1's queries, keys and values: one matrix in the file, three weights for trainers."""

    @pytest.fixture
    def fused(self):
        names = {"to_q": (16, 16), "to_k": (16, 16), "to_v": (16, 16)}
        modules = {f"transformer_blocks.0.attn.{name}.weight": shape for name, shape in names.items()}
        return {
            "model": {
                name: Target(name, shape, "double_blocks.0.img_attn.qkv.weight") for name, shape in modules.items()
            }
        }

    @pytest.mark.parametrize(
        "kind",
        [
            *(
                "LoRA",
                "LoHa",
                "LoKr, whole w1",
                "difference",
                "GLoRA",
                "DoRA per output",
                "IA3, outputs",
                "OFT",
                "BOFT",
            ),
            *("OFT of PEFT", "BOFT of PEFT", "IA3 of PEFT"),
        ],
    )
    def test_an_adapter_of_the_whole_changes_each_part_as_it_would_the_whole(self, kind, fused, loras):
        sample = dense.KINDS[kind](5, (48, 16))
        stem = "lora_unet_double_blocks_0_img_attn_qkv"
        name = loras.write("fused", {f"{stem}.{suffix}": tensor for suffix, tensor in sample.tensors.items()})
        ref, report = inspect_adapter(loras.folders, name, fused)
        assert report.matched == 1
        patches = patches_for(loras.folders, (Applied(ref, 0.7),), "model", fused["model"])
        whole = loras.rand(48, 16)
        parts = [apply_patches(part, patches[name]) for part, name in zip(whole.split(16), fused["model"], strict=True)]
        expected = whole + sample.change(whole.double(), 0.7)
        assert torch.allclose(torch.cat(parts).double(), expected, atol=1e-5)

    def test_what_needs_the_whole_matrix_is_not_applied_by_halves(self, fused, loras):
        sample = dense.KINDS["DoRA per input"](5, (48, 16))
        found = matched(
            {f"lora_unet_double_blocks_0_img_attn_qkv.{s}": tuple(t.shape) for s, t in sample.tensors.items()}, fused
        )
        assert found.matched == found.misfits == () and len(found.whole) == 1

    def test_what_needs_the_whole_matrix_is_said_to(self, fused, loras):
        sample = dense.KINDS["DoRA per input"](5, (48, 16))
        stem, key = "lora_unet_double_blocks_0_img_attn_qkv", "lora_transformer_transformer_blocks_0_attn_to_k"
        tensors = {f"{stem}.{suffix}": tensor for suffix, tensor in sample.tensors.items()}
        with pytest.raises(AdapterMismatch, match="1 of its 1 modules change all rows of a fused matrix at once"):
            inspect_adapter(loras.folders, loras.write("alone", tensors), fused)
        part = {f"{key}.lora_up.weight": (16, 2), f"{key}.lora_down.weight": (2, 16)}
        name = loras.write("beside", tensors | part)
        _, report = inspect_adapter(loras.folders, name, fused)
        [warning] = report.warnings()
        assert warning.startswith("loras/beside.safetensors: 1 of its 2 modules are not applied, for they change all")

    def change(self, loras, fused, name):
        """What a file does to the whole matrix, and that matrix."""
        ref, report = inspect_adapter(loras.folders, name, fused)
        assert report.warnings() == ()
        patches = patches_for(loras.folders, (Applied(ref, 1.0),), "model", fused["model"])
        whole = loras.rand(48, 16)
        parts = [apply_patches(part, patches[name]) for part, name in zip(whole.split(16), fused["model"], strict=True)]
        return torch.cat(parts).double() - whole, whole.double()

    @pytest.mark.parametrize(("said", "rank"), [("True", 4), ("false", 12), (None, 12)])
    def test_a_lora_that_was_trained_part_by_part_has_the_scale_of_a_part(self, said, rank, fused, loras):
        stem = "lora_unet_double_blocks_0_img_attn_qkv"
        up = torch.block_diag(*(loras.rand(16, 4) for _ in range(3)))
        down, alpha = loras.rand(12, 16), torch.tensor(3.0)
        name = loras.write(
            "split",
            {f"{stem}.lora_up.weight": up, f"{stem}.lora_down.weight": down, f"{stem}.alpha": alpha},
            {"ss_network_args": json.dumps({"split_qkv": said})} if said else None,
        )
        got, _ = self.change(loras, fused, name)
        torch.testing.assert_close(got, ((3.0 / rank) * up @ down).double(), atol=1e-6, rtol=1e-5)

    def test_turns_that_are_numbered_are_each_a_parts(self, fused, loras):
        samples = [dense.oft(seed, (16, 16), constraint=0.02) for seed in range(3)]
        stem = "oft_unet_double_blocks_0_img_attn_qkv"
        tensors = {f"{stem}.oft_blocks.{n}": sample.tensors["oft_blocks"] for n, sample in enumerate(samples)}
        name = loras.write("turned", tensors | {f"{stem}.alpha": torch.tensor(0.02)})
        got, whole = self.change(loras, fused, name)
        expected = [sample.change(part, 1.0) for sample, part in zip(samples, whole.split(16), strict=True)]
        torch.testing.assert_close(got, torch.cat(expected), atol=1e-5, rtol=1e-4)

    @pytest.mark.parametrize("numbers", [(0, 1), (0, 1, 3), (1, 2, 3)])
    def test_turns_for_other_parts_than_there_are_do_not_fit(self, numbers, fused):
        stem = "oft_unet_double_blocks_0_img_attn_qkv"
        found = matched({f"{stem}.oft_blocks.{number}": (4, 4, 4) for number in numbers}, fused)
        assert not found.matched
        assert len(found.misfits) == 1 or len(found.unknown) == len(numbers)

    def test_turns_of_a_matrix_that_is_not_fused_may_be_numbered_too(self, targets, loras):
        sample = dense.oft(1, (32, 32))
        stem = "oft_unet_" + f"{ATTENTION}.attn1.to_q".replace(".", "_")
        tensors = {f"{stem}.oft_blocks.0": sample.tensors["oft_blocks"], f"{stem}.alpha": sample.tensors["alpha"]}
        ref, report = inspect_adapter(loras.folders, loras.write("one", tensors), targets)
        assert report.warnings() == () and report.kinds == {"OFT": 1}
        patches = patches_for(loras.folders, (Applied(ref, 1.0),), "model", targets["model"])
        weight = loras.rand(32, 32)
        got = apply_patches(weight, patches[f"{ATTENTION}.attn1.to_q.weight"]).double() - weight
        torch.testing.assert_close(got, sample.change(weight.double(), 1.0), atol=1e-5, rtol=1e-4)

    @pytest.mark.parametrize(
        ("stem", "swapped"),
        [("lora_unet_final_layer_adaLN_modulation_1", False), ("transformer.norm_out.linear", True)],
    )
    def test_a_last_layer_whose_halves_were_swapped_is_changed_in_its_own_order(self, stem, swapped, loras):
        file_name = "final_layer.adaLN_modulation.1"
        names = {"norm_out.linear.weight": (32, 8), "norm_out.linear.bias": (32,)}
        shapes = {name: Target(name, shape, f"{file_name}.{name[16:]}") for name, shape in names.items()}
        sample = dense.dora(1, (32, 8))
        tensors = {f"{stem}.{suffix}": tensor for suffix, tensor in sample.tensors.items()}
        bias = loras.rand(32)
        ref, _ = inspect_adapter(
            loras.folders, loras.write("last", tensors | {f"{stem}.diff_b": bias}), {"model": shapes}
        )
        patches = patches_for(loras.folders, (Applied(ref, 1.0),), "model", shapes)
        weight = loras.rand(32, 8).double()
        turned = torch.cat([weight[16:], weight[:16]]) if swapped else weight
        change = sample.change(turned, 1.0)
        expected = torch.cat([change[16:], change[:16]]) if swapped else change
        got = apply_patches(weight.float(), patches["norm_out.linear.weight"]).double() - weight
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)
        of_bias = apply_patches(torch.zeros(32), patches["norm_out.linear.bias"])
        assert torch.equal(of_bias, torch.cat([bias[16:], bias[:16]]) if swapped else bias)

    def test_an_adapter_of_the_parts_changes_those_it_has(self, fused, loras):
        found = matched(lora("lora_transformer_transformer_blocks_0_attn_to_k", 16, 16), fused)
        assert found.entries["model"].keys() == {"transformer_blocks.0.attn.to_k.weight"}
