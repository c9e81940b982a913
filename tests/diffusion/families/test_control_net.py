"""ControlNets in both layouts: every parameter of the module, and diffusers' own converter."""

from dataclasses import replace

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

from diffusion.errors import UnknownFamily, UnreadableFile
from diffusion.families.control_net import ControlConfig
from diffusion.families.sd15 import FAMILY
from diffusion.files.header import Header, TensorEntry

PART = FAMILY.parts["control"]
HINT_WIDTHS = (4, 4, 8, 8)


def header_of(tensors, metadata=None) -> Header:
    entries = {name: TensorEntry("F16", tuple(tensor.shape), 0, 0) for name, tensor in tensors.items()}
    return Header(entries, metadata or {}, name="edges.safetensors")


@pytest.fixture(params=["tiny", "two layers", "linear", "one level deep"])
def config(request, tiny_configs) -> ControlConfig:
    unet = tiny_configs["model"]
    changes = {
        "two layers": {"layers": 2, "widths": (16, 32, 32), "depths": (1, 1, 0), "heads": (2, 2, 2)},
        "linear": {"linear_projections": True},
        "one level deep": {"depths": (0, 2), "middle_depth": 2},
    }
    return ControlConfig(replace(unet, **changes.get(request.param, {})), 3, HINT_WIDTHS)


def in_layout(layout: str, tensors, config) -> dict[str, torch.Tensor]:
    """The tensors of a file of the published layout under the names of another."""
    if layout == "published":
        return tensors
    if layout == "bare":
        return {name.removeprefix("control_model."): tensor for name, tensor in tensors.items()}
    return {name: tensors[file_name] for name, file_name in PART.table(Header({}), config).items()}


@pytest.mark.parametrize("layout", ["published", "bare", "diffusers"])
def test_every_parameter_is_filled_and_every_tensor_used(layout, config, tiny_tensors, tiny_metadata):
    tensors = in_layout(layout, tiny_tensors({"control": config}), config)
    header = header_of(tensors, tiny_metadata)
    assert FAMILY.config("control", header) == config
    targets = FAMILY.targets("control", header)
    with torch.device("meta"):
        module = PART.build(config)
    assert {name: tuple(weight.shape) for name, weight in module.named_parameters()} == {
        name: target.shape for name, target in targets.items()
    }
    assert {target.file_name for target in targets.values()} == tensors.keys()


def test_the_table_agrees_with_diffusers_own_converter(tiny_configs, tiny_tensors):
    unet = replace(tiny_configs["model"], layers=2, widths=(16, 32, 32), depths=(1, 1, 0), heads=(2, 2, 2))
    tensors = tiny_tensors({"control": ControlConfig(unet, 3, (16, 16, 32, 32))})
    theirs = convert_controlnet_checkpoint(dict(tensors), {"layers_per_block": 2})
    ours = FAMILY.targets("control", header_of(tensors))
    assert ours.keys() == theirs.keys()
    assert all(tensors[target.file_name] is theirs[name] for name, target in ours.items())


def test_a_whole_checkpoint_around_it_is_no_matter(tiny_configs, tiny_tensors, tiny_metadata):
    config = ControlConfig(tiny_configs["model"], 3, HINT_WIDTHS)
    tensors = tiny_tensors({"control": config, **tiny_configs})
    header = header_of(tensors, tiny_metadata)
    assert FAMILY.config("control", header) == config
    assert all(target.file_name.startswith("control_model.") for target in FAMILY.targets("control", header).values())


def test_a_missing_weight_is_named_and_one_nobody_knows_is_refused(tiny_configs, tiny_tensors):
    tensors = tiny_tensors({"control": ControlConfig(tiny_configs["model"], 3, HINT_WIDTHS)})
    with pytest.raises(UnknownFamily, match=r"task_embedding"):
        FAMILY.targets("control", header_of({**tensors, "control_model.task_embedding": torch.zeros(1)}))
    del tensors["control_model.middle_block_out.0.bias"]
    with pytest.raises(UnreadableFile, match=r"edges\.safetensors is incomplete: 1 of .*middle_block_out\.0\.bias"):
        FAMILY.targets("control", header_of(tensors))
