from dataclasses import replace

import pytest
import torch
from torch import Tensor

from diffusion.freeu import FreeU, amplify, scale_coarse


def means(skip: Tensor) -> Tensor:
    return skip.mean((-2, -1))


def test_nothing_is_changed_by_ones():
    x = torch.randn(2, 8, 6, 6)
    assert torch.equal(amplify(x, 1.0, by_place=False), x)
    torch.testing.assert_close(scale_coarse(x, 1.0), x)


def test_half_of_the_backbone_is_scaled():
    x = torch.randn(2, 8, 6, 6)
    got = amplify(x, 1.5, by_place=False)
    assert torch.equal(got[:, :4], x[:, :4] * 1.5)
    assert torch.equal(got[:, 4:], x[:, 4:])


def test_the_second_version_scales_most_where_the_backbone_is_strongest():
    x = torch.randn(2, 8, 6, 6)
    factors = amplify(x, 1.5, by_place=True)[:, :4] / x[:, :4]
    for picture, factor in zip(x.mean(1).flatten(1), factors.mean(1).flatten(1), strict=True):
        assert float(factor[picture.argmax()]) == pytest.approx(1.5, abs=1e-3)
        assert float(factor[picture.argmin()]) == pytest.approx(1.0, abs=1e-3)


def test_an_even_backbone_stays_as_it_is():
    assert torch.equal(amplify(torch.ones(1, 4, 3, 3), 2.0, by_place=True), torch.ones(1, 4, 3, 3))


def test_the_mean_of_a_skip_is_scaled_and_its_finest_detail_kept():
    flat, fine = torch.ones(1, 1, 8, 8), torch.ones(8, 8)
    fine[::2] = -1
    got = scale_coarse(flat + fine, 0.25)
    torch.testing.assert_close(got, 0.25 * flat + fine)


def test_the_lowest_frequencies_are_those_below_the_first_and_on_one_side_of_it():
    """Two by two of them, as in the authors' code: the mean, and the first negative frequency each way."""
    skip = torch.randn(1, 1, 8, 8)
    ratio = torch.fft.fftn(scale_coarse(skip, 0.0), dim=(-2, -1)).abs() < 1e-4
    assert ratio[0, 0, 0, 0]
    assert not ratio[0, 0, 2:-1, 2:-1].any()


def test_it_acts_on_the_way_up_and_is_gone_afterwards(tiny_residency, tiny):
    model = tiny.model
    config = tiny_residency.config(model)
    given = torch.randn(2, 4, 8, 8), torch.tensor([500.0]), torch.randn(2, 5, config.context_width)
    ones, strong = FreeU(1.0, 1.0, 1.0, 1.0), FreeU(1.3, 1.4, 0.9, 0.2)
    assert strong.acts_on(config)
    answers = []
    with torch.no_grad():
        for patches in ((), (ones,), (strong,), (replace(strong, by_place=True),), ()):
            handle = replace(model, block_patches=patches)
            answers.append(tiny_residency.run(handle, lambda network: network(*given).sample))
    before, same, first, second, after = answers
    torch.testing.assert_close(same, before, rtol=1e-3, atol=1e-4)
    assert torch.equal(after, before)
    assert not torch.allclose(first, before, rtol=1e-2)
    assert not torch.allclose(second, first, rtol=1e-2)
