import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.resize import both_sides, resize, resize_pixels

METHODS = ["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]
sides = st.integers(1, 12)


@pytest.mark.parametrize("method", [*METHODS, "lanczos"])
def test_an_even_picture_stays_even(method):
    x = torch.full((2, 3, 5, 7), 0.6)
    torch.testing.assert_close(resize(x, 11, 4, method), torch.full((2, 3, 11, 4), 0.6))


@settings(max_examples=40, deadline=None)
@given(sides, sides, sides, sides, st.sampled_from(METHODS))
def test_the_size_is_the_one_asked_for(rows, columns, height, width, method):
    assert resize(torch.rand(1, 4, rows, columns), height, width, method).shape == (1, 4, height, width)


def test_the_same_size_changes_nothing():
    x = torch.randn(1, 4, 6, 5)
    assert torch.equal(resize(x, 6, 5, "bislerp"), x)


@settings(max_examples=25, deadline=None)
@given(sides, sides, st.integers(0, 2**32))
def test_bislerp_goes_along_the_arc(rows, columns, seed):
    """Between unit vectors all stay unit vectors, which no weighted mean keeps."""
    x = torch.nn.functional.normalize(torch.randn(1, 4, rows, columns, generator=torch.Generator().manual_seed(seed)))
    lengths = resize(x, 9, 17, "bislerp").norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths), atol=1e-3, rtol=0)


def test_bislerp_halfway_between_two_directions_is_the_middle_one():
    x = torch.tensor([[1.0, 0.0], [0.0, 3.0]]).view(1, 2, 1, 2)  # (1, 0) and (0, 3)
    middle = resize(x, 1, 4, "bislerp")[0, :, 0]
    turn = torch.tensor(22.5).deg2rad()
    torch.testing.assert_close(middle[:, 0], torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(middle[:, 1], 1.5 * torch.tensor([turn.cos(), turn.sin()]))


def test_bislerp_between_opposite_directions_is_the_line():
    x = torch.tensor([1.0, -1.0]).view(1, 1, 1, 2)
    torch.testing.assert_close(resize(x, 1, 1, "bislerp"), torch.zeros(1, 1, 1, 1))


def test_cropping_keeps_the_ratio_about_the_center():
    columns = torch.arange(8.0).expand(1, 1, 4, 8)
    assert resize(columns, 4, 4, "bilinear", crop=True)[0, 0, 0].tolist() == [2, 3, 4, 5]
    rows = columns.transpose(2, 3)
    assert resize(rows, 2, 2, "nearest-exact", crop=True)[0, 0, :, 0].tolist() == [3, 5]


def test_lanczos_keeps_every_one_of_256_levels():
    levels = (torch.arange(256) / 255).repeat(1, 3, 2, 1)
    doubled = resize(levels, 4, 256, "lanczos")
    torch.testing.assert_close(doubled[:, :, 1], levels[:, :, 1])


def test_pictures_have_their_channels_last():
    assert resize_pixels(torch.rand(1, 4, 6, 3), 8, 2, "area").shape == (1, 8, 2, 3)


def test_a_side_of_zero_follows_the_other():
    assert both_sides(0, 0, 30, 20) == (30, 20)
    assert both_sides(0, 40, 30, 20) == (60, 40)
    assert both_sides(15, 0, 30, 20) == (15, 10)
    assert both_sides(7, 8, 30, 20) == (7, 8)
