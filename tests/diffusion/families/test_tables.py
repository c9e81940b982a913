"""The tables are compared with every parameter of the modules we build, and with diffusers' own converters."""

from dataclasses import replace

import pytest
import torch
from diffusers.loaders.single_file_utils import (
    convert_ldm_clip_checkpoint,
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
)

from diffusion.errors import UnknownFamily, UnreadableFile
from diffusion.families.sd15 import FAMILY
from diffusion.files.header import Header, TensorEntry
from diffusion.weights import open_weights

COMPONENTS = ("model", "text", "vae")


def header_of(tensors, metadata=None) -> Header:
    entries = {name: TensorEntry("F16", tuple(tensor.shape), 0, 0) for name, tensor in tensors.items()}
    return Header(entries, metadata or {}, name="tiny.safetensors")


@pytest.fixture(params=["tiny", "two layers", "linear", "one level deep", "demo"])
def header(request, tiny_configs, tiny_tensors, tiny_metadata, demo_folders) -> Header:
    unet, vae = tiny_configs["model"], tiny_configs["vae"]
    changes = {
        "two layers": {
            "model": replace(unet, layers=2, widths=(16, 32, 32), depths=(1, 1, 0), heads=(2, 2, 2)),
            "vae": replace(vae, layers=2, widths=(8, 16, 16, 32)),
        },
        "linear": {"model": replace(unet, linear_projections=True)},
        "one level deep": {"model": replace(unet, depths=(0, 2), middle_depth=2)},
    }
    if request.param == "demo":
        return open_weights(demo_folders.path("checkpoints", "patchbay-demo.safetensors")).header
    return header_of(tiny_tensors({**tiny_configs, **changes.get(request.param, {})}), tiny_metadata)


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_parameter_of_the_module_has_a_target_and_every_target_a_parameter(header, component):
    part, targets = FAMILY.parts[component], FAMILY.targets(component, header)
    with torch.device("meta"):
        module = part.build(FAMILY.config(component, header))
    parameters = {name: tuple(weight.shape) for name, weight in module.named_parameters()}
    assert {part.parameter_name(name) for name in targets} == parameters.keys()
    for name, target in targets.items():
        ours = [size for size in parameters[part.parameter_name(name)] if size != 1]
        assert ours == [size for size in target.shape if size != 1], name


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_tensor_of_the_component_is_used(header, component):
    start = {"model": "model.diffusion_model.", "text": "cond_stage_model.", "vae": "first_stage_model."}[component]
    used = {target.file_name for target in FAMILY.targets(component, header).values()}
    assert used == {name for name in header.tensors if name.startswith(start)}


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_configuration_is_inferred_from_shapes_and_metadata(component, tiny_configs, tiny_tensors, tiny_metadata):
    assert FAMILY.config(component, header_of(tiny_tensors(), tiny_metadata)) == tiny_configs[component]


def test_the_unet_table_agrees_with_diffusers_own_converter(tiny_configs, tiny_tensors):
    config = replace(tiny_configs["model"], layers=2, widths=(16, 32, 32), depths=(1, 1, 0), heads=(2, 2, 2))
    tensors = tiny_tensors({"model": config})
    theirs = convert_ldm_unet_checkpoint(
        dict(tensors),
        {
            "layers_per_block": 2,
            "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
            "class_embed_type": None,
            "addition_embed_type": None,
        },
    )
    ours = FAMILY.targets("model", header_of(tensors))
    assert ours.keys() == theirs.keys()
    assert all(tensors[target.file_name] is theirs[name] for name, target in ours.items())


def test_the_vae_table_agrees_with_diffusers_own_converter(tiny_configs, tiny_tensors):
    tensors = tiny_tensors({"vae": replace(tiny_configs["vae"], layers=2)})
    levels = {"down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4}
    theirs = convert_ldm_vae_checkpoint(dict(tensors), levels)
    ours = FAMILY.targets("vae", header_of(tensors))
    assert ours.keys() == theirs.keys()
    for name, target in ours.items():
        assert torch.equal(tensors[target.file_name].squeeze(), theirs[name].squeeze()), name


def test_the_text_table_agrees_with_diffusers_own_converter(tiny_tensors):
    tensors = tiny_tensors()
    theirs = convert_ldm_clip_checkpoint(tensors)
    ours = FAMILY.targets("text", header_of(tensors))
    assert {name: tensors[target.file_name] for name, target in ours.items()} == {
        name if name.startswith("text_model.") else f"text_model.{name}": value for name, value in theirs.items()
    }


def test_a_text_encoder_without_the_text_model_level_has_the_same_canonical_names(tiny_tensors):
    tensors = tiny_tensors()
    flat = {name.replace(".text_model.", "."): tensor for name, tensor in tensors.items()}
    assert flat.keys() != tensors.keys()
    assert FAMILY.targets("text", header_of(flat)).keys() == FAMILY.targets("text", header_of(tensors)).keys()


def test_stored_position_numbers_are_no_weights(tiny_tensors):
    tensors = tiny_tensors()
    names = FAMILY.targets("text", header_of(tensors)).keys()
    tensors["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    assert FAMILY.targets("text", header_of(tensors)).keys() == names


def test_a_missing_weight_is_named(tiny_tensors):
    tensors = tiny_tensors()
    del tensors["model.diffusion_model.middle_block.1.proj_out.bias"]
    with pytest.raises(
        UnreadableFile, match=r"tiny\.safetensors is incomplete: 1 of .*middle_block\.1\.proj_out\.bias"
    ):
        FAMILY.targets("model", header_of(tensors))


def test_a_network_with_weights_nobody_knows_is_refused(tiny_tensors):
    tensors = tiny_tensors()
    tensors["model.diffusion_model.position_net.null"] = torch.zeros(1)
    with pytest.raises(UnknownFamily, match="position_net"):
        FAMILY.targets("model", header_of(tensors))


def test_metadata_that_is_no_number_is_refused(tiny_tensors):
    with pytest.raises(UnreadableFile, match=r"patchbay\.unet\.attention_heads = 'many'"):
        FAMILY.config("model", header_of(tiny_tensors(), {"patchbay.unet.attention_heads": "many"}))


def test_heads_are_eight_behind_convolutions_and_one_per_64_channels_behind_linear_layers(tiny_configs, tiny_tensors):
    config = replace(tiny_configs["model"], widths=(64, 128))
    assert FAMILY.config("model", header_of(tiny_tensors({"model": config}))).heads == (8, 8)
    linear = replace(config, linear_projections=True, heads=(1, 2))
    assert FAMILY.config("model", header_of(tiny_tensors({"model": linear}))).heads == (1, 2)
