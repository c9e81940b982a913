import pytest
import torch

from diffusion.canny import canny


def square(high=1.0, size=24):
    pixels = torch.zeros(1, size, size, 3)
    pixels[:, 8:16, 8:16] = high
    return pixels


def test_an_even_picture_has_no_edges():
    assert not canny(torch.full((2, 16, 16, 3), 0.4), 0.1, 0.2).any()


def test_the_edge_of_a_square_is_a_thin_line_around_it():
    edges = canny(square(), 0.4, 0.8)
    assert edges.shape == (1, 24, 24, 3)
    lit = edges[0, ..., 0]
    assert lit.unique().tolist() == [0, 1]
    assert not lit[:6].any()
    assert not lit[10:14, 10:14].any()  # nothing inside
    assert lit[12].sum() == 2  # its left and its right side


def test_edges_do_not_depend_on_where_things_are():
    moved = canny(square().roll(3, dims=2), 0.4, 0.8)
    assert torch.equal(moved, canny(square(), 0.4, 0.8).roll(3, dims=2))


def test_a_weak_edge_counts_only_when_it_leads_to_a_strong_one():
    weak = square(0.2)
    assert canny(weak, 0.1, 0.3).any()
    assert not canny(weak, 0.1, 0.99).any()
    rising = torch.linspace(0.2, 1, 8).view(1, 8, 1, 1) * square()[:, 8:16]
    both = torch.cat([square()[:, :8], rising, square()[:, 16:]], dim=1)
    sides = canny(both, 0.1, 0.99)[0, 10:15, :, 0]
    assert (sides.sum(1) == 2).all()  # the weak upper ends too, joined to the strong lower ones


def test_alpha_is_not_looked_at():
    clear = torch.cat([square(), torch.rand(1, 24, 24, 1)], dim=-1)
    assert torch.equal(canny(clear, 0.4, 0.8), canny(square(), 0.4, 0.8))


def test_thresholds_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="low_threshold"):
        canny(square(), 0.8, 0.4)


def test_a_picture_too_small_to_be_smoothed_is_refused():
    with pytest.raises(ValueError, match="2×2 is too small"):
        canny(torch.zeros(1, 2, 2, 3), 0.4, 0.8)
