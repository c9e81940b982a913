import numpy as np
import pytest
import torch

from diffusion.philox import Philox, scrambled

FULL = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((FULL,) * 4, (FULL,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_papers_known_answers_come_out(counter, key, words):
    assert scrambled(np.array(counter, np.uint64)[:, None], key)[:, 0].tolist() == list(words)


def test_numbers_are_standard_normal():
    drawn = Philox(3).randn((4, 64, 64))
    assert drawn.dtype == torch.float32
    assert abs(float(drawn.mean())) < 0.02
    assert abs(float(drawn.std()) - 1) < 0.02


def test_each_call_draws_on():
    generator = Philox(3)
    assert not torch.equal(generator.randn((4, 8)), generator.randn((4, 8)))
    assert torch.equal(Philox(3).randn((4, 8)), Philox(3).randn((4, 8)))


def test_numbers_are_those_an_h100_drew():
    """``torch.randn`` with the seed 3, first a 2 × 3 tensor, then one of 4, in PyTorch 2.11."""
    generator = Philox(3)
    first = [[0.42634457, -0.75159639, -1.18732059], [1.40302277, -0.4080649, 0.05716883]]
    second = [-0.5161581, -0.2216531, -0.55940443, 0.55415034]
    torch.testing.assert_close(generator.randn((2, 3)), torch.tensor(first))
    torch.testing.assert_close(generator.randn((4,)), torch.tensor(second))


@pytest.mark.gpu
@pytest.mark.parametrize("seed", [0, 1, 2**63 + 5])
def test_numbers_are_the_devices(seed: int):
    generator = torch.Generator("cuda").manual_seed(seed)
    ours = Philox(seed)
    for shape in ((4, 64, 64), (4, 9, 7), (4, 128, 128)):
        drawn = torch.randn(shape, generator=generator, device="cuda").cpu()
        torch.testing.assert_close(ours.randn(shape), drawn, atol=1e-5, rtol=0)
