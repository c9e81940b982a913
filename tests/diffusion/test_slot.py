from dataclasses import dataclass

import pytest
import torch
from torch import nn

from diffusion.errors import Stopped, UnreadableFile
from diffusion.families.family import Part
from diffusion.handle import File, FileRef
from diffusion.recipes import Recipe
from diffusion.slot import Slot

FILE = FileRef("checkpoints/x.safetensors", "1")
WEIGHTS = File(FILE, "vae")


@dataclass(frozen=True)
class Filled(Recipe):
    """A weight full of one number."""

    key: float
    shape: tuple[int, ...] = (3, 3)

    def value(self, place):
        return torch.full(self.shape, self.key, device=place)


def recipes(first: float, second: float) -> dict[str, Filled]:
    return {
        "0.weight": Filled(first),
        "0.bias": Filled(first, (3,)),
        "1.weight": Filled(second, (3, 3, 1, 1)),
        "1.bias": Filled(second, (3,)),
    }


def empty(dtype: torch.dtype = torch.float32) -> Slot:
    part = Part("VAE", "", lambda header: None, lambda header, config: {}, lambda config: nn.Module())
    with torch.device("meta"):
        module = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
    return Slot(part, module, ("vae", frozenset({FILE})), torch.device("cpu"), dtype)


@pytest.fixture
def slot() -> Slot:
    return empty()


def go_on():
    pass


def test_a_slot_takes_memory_only_when_it_is_written(slot):
    assert not slot.complete
    assert slot.size == 2 * (9 + 3) * 4
    assert slot.write(WEIGHTS, recipes(1.0, 2.0), go_on) == 4
    assert slot.complete
    assert slot.module[1].weight.tolist() == [[2.0] * 3] * 3


def test_what_is_there_is_not_written_again(slot):
    slot.write(WEIGHTS, recipes(1.0, 2.0), go_on)
    memory = slot.module[1].weight.data_ptr()
    assert slot.write(WEIGHTS, recipes(1.0, 5.0), go_on) == 2
    assert slot.module[1].weight.data_ptr() == memory
    assert slot.holds(recipes(1.0, 5.0))
    assert not slot.holds(recipes(1.0, 2.0))
    assert slot.write(WEIGHTS, recipes(1.0, 5.0), go_on) == 0


def test_a_weight_is_cast_once_to_the_slots_number_format():
    slot = empty(torch.float16)
    slot.write(WEIGHTS, recipes(1 / 3, 1.0), go_on)
    assert slot.module[0].weight.dtype is torch.float16
    assert slot.module[0].bias[0].item() == torch.tensor(1 / 3).half().item()


def test_a_write_that_is_stopped_is_taken_up_where_it_was(slot):
    slot.write(WEIGHTS, recipes(1.0, 2.0), go_on)
    calls = []

    def stop():
        calls.append(1)
        if len(calls) == 2:
            raise Stopped("stopped")

    with pytest.raises(Stopped):
        slot.write(WEIGHTS, recipes(3.0, 4.0), stop)
    assert slot.weights is None
    assert slot.write(WEIGHTS, recipes(3.0, 4.0), go_on) == 3
    assert slot.weights == WEIGHTS


def test_a_weight_of_another_size_is_refused_by_name(slot):
    wrong = recipes(1.0, 2.0) | {"1.weight": Filled(2.0, (4, 3))}
    with pytest.raises(UnreadableFile, match=r"1\.weight has the shape \[4, 3\] where the VAE needs \[3, 3\]"):
        slot.write(WEIGHTS, wrong, go_on)


def test_a_weight_that_no_recipe_gives_is_named(slot):
    some = {name: recipe for name, recipe in recipes(1.0, 2.0).items() if name != "1.bias"}
    with pytest.raises(UnreadableFile, match=r"gives no 1\.bias"):
        slot.write(WEIGHTS, some, go_on)


def test_releasing_frees_the_weights_whoever_holds_the_module(slot):
    module = slot.module
    slot.write(WEIGHTS, recipes(1.0, 2.0), go_on)
    slot.release()
    assert all(weight.is_meta for weight in module.parameters())
    assert not slot.holds(recipes(1.0, 2.0))


def test_stop_is_called_before_every_block_while_it_is_asked_for(slot):
    slot.write(WEIGHTS, recipes(1.0, 2.0), go_on)
    calls = []
    with slot.stopping(lambda: calls.append(1)):
        slot.module[0](torch.ones(1, 3))
        slot.module[1](torch.ones(1, 3))
    slot.module[0](torch.ones(1, 3))
    assert len(calls) == 2
