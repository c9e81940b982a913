import pytest
import torch
from safetensors.torch import load_file

from tools.demo_model.adapter_kinds import KINDS, attach, detach, load_adapter, save_adapter, targets
from tools.demo_model.networks import Sizes, build_text, build_unet

SMALL = Sizes(unet_widths=(32, 32, 32, 32), unet_depth=1, text_layers=1)


@pytest.fixture
def networks():
    torch.manual_seed(0)
    return build_unet(SMALL), build_text(SMALL, vocabulary=64)


def put_random(changes) -> None:
    with torch.no_grad():
        for change in changes.values():
            for parameter in change.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_change_is_the_same_change_when_loaded(kind, networks, tmp_path):
    changes = attach(*networks, kind, 4)
    put_random(changes)
    changed = {stem: module.weight.detach().clone() for stem, module in targets(*networks).items()}
    save_adapter(tmp_path / "a.safetensors", changes, kind=kind, rank=4, title="a", trigger="")
    detach(*networks)
    load_adapter(tmp_path / "a.safetensors", *networks)
    for stem, module in targets(*networks).items():
        torch.testing.assert_close(module.weight, changed[stem], atol=3e-3, rtol=1e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_strength_zero_and_taking_off_leave_the_weights_bit_for_bit(kind, networks):
    pristine = {stem: module.weight.detach().clone() for stem, module in targets(*networks).items()}
    changes = attach(*networks, kind, 4)
    put_random(changes)
    for change in changes.values():
        change.strength = 0.0
    assert all(torch.equal(module.weight, pristine[stem]) for stem, module in targets(*networks).items())
    detach(*networks)
    assert all(torch.equal(module.weight, pristine[stem]) for stem, module in targets(*networks).items())


@pytest.mark.parametrize("kind", KINDS)
def test_an_untrained_change_changes_nothing(kind, networks):
    pristine = {stem: module.weight.detach().clone() for stem, module in targets(*networks).items()}
    attach(*networks, kind, 4)
    for stem, module in targets(*networks).items():
        torch.testing.assert_close(module.weight, pristine[stem])


def test_dora_keeps_the_length_of_each_row(networks):
    changes = attach(*networks, "dora", 4)
    lengths = {stem: change.length.detach().clone() for stem, change in changes.items()}
    with torch.no_grad():
        for change in changes.values():
            change.up.normal_()
    for stem, module in targets(*networks).items():
        torch.testing.assert_close(module.weight.flatten(1).norm(dim=1, keepdim=True), lengths[stem])


def test_shipped_files_name_only_weights_of_the_model(demo, models):
    stems = set(targets(demo.unet, demo.text))
    for path in (models / "loras").glob("*.safetensors"):
        assert {name.split(".", 1)[0] for name in load_file(path)} <= stems, path.name
