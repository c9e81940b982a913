import pytest

from diffusion.errors import FileNotInFolder
from diffusion.freeu import FreeU
from nodes.model_patch import free_u, free_u_by_place, load_hypernetwork


def test_hypernetworks_stack_on_clones(runtime, checkpoint):
    once = load_hypernetwork(runtime, checkpoint.model, "watercolor.pt", 0.5)
    twice = load_hypernetwork(runtime, once, "watercolor.pt")
    assert [patch.strength for patch in twice.block_patches] == [0.5, 1.0]
    assert checkpoint.model.block_patches == ()
    assert twice.weights == checkpoint.model.weights


def test_a_hypernetwork_that_is_not_there_is_named(runtime, checkpoint):
    with pytest.raises(FileNotInFolder, match="ink"):
        load_hypernetwork(runtime, checkpoint.model, "ink.pt")


def test_free_u_is_carried_by_the_model(runtime, checkpoint, heard):
    model = free_u_by_place(runtime, heard, free_u(runtime, heard, checkpoint.model, 1.1, 1.2, 0.9, 0.2))
    assert model.block_patches == (FreeU(1.1, 1.2, 0.9, 0.2), FreeU(1.3, 1.4, 0.9, 0.2, by_place=True))
    assert heard.warnings == []
