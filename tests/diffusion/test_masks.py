import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from diffusion.masks import OPERATIONS, channels_of, combine, feather, grow, of_color, outpainting

masks = st.builds(
    lambda rows, columns, seed: torch.rand(1, rows, columns, generator=torch.Generator().manual_seed(seed)),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 2**32),
)


@settings(max_examples=40, deadline=None)
@given(masks, st.integers(0, 4), st.booleans())
def test_growing_is_morphology(mask, by, tapered):
    footprint = ndimage.generate_binary_structure(2, 1 if tapered else 2)
    expected = mask[0].numpy()
    for _ in range(by):
        expected = ndimage.grey_dilation(expected, footprint=footprint)
    assert torch.equal(grow(mask, by, tapered=tapered)[0], torch.from_numpy(expected))


@settings(max_examples=25, deadline=None)
@given(masks, st.integers(0, 20), st.booleans())
def test_shrinking_is_growing_the_rest(mask, by, tapered):
    torch.testing.assert_close(grow(mask, -by, tapered=tapered), 1 - grow(1 - mask, by, tapered=tapered))


def test_growing_without_end_fills_the_mask_and_ends():
    mask = torch.zeros(1, 30, 40)
    mask[0, 3, 3] = 1
    assert grow(mask, 16384, tapered=True).min() == 1
    assert grow(mask, 16384, tapered=False).min() == 1


def test_a_point_grows_to_a_diamond_or_a_square():
    mask = torch.zeros(1, 5, 5)
    mask[0, 2, 2] = 1
    assert grow(mask, 2, tapered=True).sum() == 13
    assert grow(mask, 2, tapered=False).sum() == 25


def test_each_side_fades_from_its_own_edge():
    mask = torch.ones(1, 4, 4)
    assert feather(mask, left=2, top=0, right=0, bottom=0)[0, 0].tolist() == [0.5, 1, 1, 1]
    assert feather(mask, left=0, top=0, right=2, bottom=0)[0, 0].tolist() == [1, 1, 1, 0.5]
    assert feather(mask, left=0, top=0, right=0, bottom=99)[0, :, 0].tolist() == [1, 0.75, 0.5, 0.25]


@settings(max_examples=30, deadline=None)
@given(masks, st.sampled_from(sorted(OPERATIONS)), st.integers(0, 10), st.integers(0, 10))
def test_combining_stays_in_range_and_outside_nothing_changes(mask, operation, left, top):
    result = combine(mask, torch.ones(1, 3, 3), left, top, operation)
    assert 0 <= result.min() <= result.max() <= 1
    outside = torch.ones_like(mask, dtype=torch.bool)
    outside[:, top : top + 3, left : left + 3] = False
    assert torch.equal(result[outside], mask[outside])


def test_operations_on_two_masks():
    a, b = torch.tensor([[[0.0, 0.25, 0.75, 1.0]]]), torch.tensor([[[1.0, 0.75, 0.75, 0.0]]])
    assert combine(a, b, 0, 0, "multiply").flatten().tolist() == [0, 0.1875, 0.5625, 0]
    assert combine(a, b, 0, 0, "add").flatten().tolist() == [1, 1, 1, 1]
    assert combine(a, b, 0, 0, "subtract").flatten().tolist() == [0, 0, 0, 1]
    assert combine(a, b, 0, 0, "and").flatten().tolist() == [0, 0, 1, 0]
    assert combine(a, b, 0, 0, "or").flatten().tolist() == [1, 1, 1, 1]
    assert combine(a, b, 0, 0, "xor").flatten().tolist() == [1, 1, 0, 1]


def test_a_color_is_found_exactly():
    pixels = torch.tensor([[[[1.0, 0.0, 0.0], [0.99, 0.0, 0.0]]]])
    assert of_color(pixels, 0xFF0000).flatten().tolist() == [1, 0]
    assert channels_of(0x123456) == (0x12, 0x34, 0x56)


def test_outpainting_frames_a_picture_with_grey_that_the_mask_covers():
    pixels = torch.rand(1, 20, 30, 3)
    padded, mask = outpainting(pixels, 8, 0, 16, 24, 0)
    assert padded.shape == (1, 44, 54, 3)
    assert mask.shape == (1, 44, 54)
    assert torch.equal(padded[:, :20, 8:38], pixels)
    assert (padded[:, 20:] == 0.5).all()
    assert mask.sum() == 44 * 54 - 20 * 30


def test_outpainting_reaches_into_the_picture_on_sides_that_grow():
    _, mask = outpainting(torch.rand(1, 20, 30, 3), 8, 0, 0, 0, 4)
    assert mask[0, 10, 8:13].tolist() == [1, (3 / 4) ** 2, (2 / 4) ** 2, (1 / 4) ** 2, 0]
    assert not mask[0, 0, 12:].any()


def test_a_feathering_wider_than_half_the_picture_is_left_out():
    _, mask = outpainting(torch.rand(1, 20, 30, 3), 8, 0, 0, 0, 10)
    assert not mask[0, :, 8:].any()
