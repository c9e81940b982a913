import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.tiling import averaged, cut, tiled


@settings(deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    size=st.integers(2, 20),
    share=st.floats(0, 0.9),
    factor=st.integers(1, 3),
)
def test_tiles_of_a_picture_make_the_picture(height, width, size, share, factor):
    picture = torch.rand(1, 2, height, width)

    def enlarged(part):
        return part.repeat_interleave(factor, -1).repeat_interleave(factor, -2)

    got = tiled(
        height, width, (size, int(size * share)), factor, lambda rows, columns: enlarged(cut(picture, rows, columns))
    )
    torch.testing.assert_close(got, enlarged(picture))


def test_tiles_must_be_larger_than_their_overlap():
    with pytest.raises(ValueError, match="larger than their overlap"):
        tiled(8, 8, (4, 4), 1, lambda *_: torch.zeros(1))


@settings(deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    size=st.integers(4, 20),
    share=st.floats(0, 0.45),
    factor=st.integers(1, 3),
)
def test_three_passes_of_tiles_make_the_picture_too(height, width, size, share, factor):
    picture = torch.rand(1, 2, height, width)

    def enlarged(part):
        return part.repeat_interleave(factor, -1).repeat_interleave(factor, -2)

    overlap = min(int(size * share), size // 2 - 1)
    got = averaged(height, width, (size, overlap), factor, lambda rows, columns: enlarged(cut(picture, rows, columns)))
    torch.testing.assert_close(got, enlarged(picture))


def test_the_tiles_of_three_passes_are_high_wide_and_square_and_fade_toward_all_their_sides():
    """Worked out by hand: 12 wide, 4 high, tiles of 4 that overlap by 1, the tile's number as its result."""
    seen = []

    def work(rows, columns):
        seen.append((rows, columns))
        return torch.full((1, 1, rows[1] - rows[0], columns[1] - columns[0]), float(len(seen)))

    got = averaged(4, 12, (4, 1), 1, work)
    high = [((0, 4), (start, start + 2)) for start in range(11)]
    wide = [((rows), columns) for rows in ((0, 2), (1, 3), (2, 4)) for columns in ((0, 8), (7, 12))]
    square = [((0, 4), (0, 4)), ((0, 4), (3, 7)), ((0, 4), (6, 10)), ((0, 4), (9, 12))]
    assert seen == high + wide + square
    first = 1.0, 12.0, 18.0  # what each pass says at the corner
    assert float(got[0, 0, 0, 0]) == pytest.approx(sum(first) / 3)
    assert float(got[0, 0, 0, 3]) == pytest.approx(((3 + 4) / 2 + 12 + (18 + 19) / 2) / 3)


def test_tiles_of_three_passes_must_be_more_than_twice_as_large_as_their_overlap():
    with pytest.raises(ValueError, match="twice as large"):
        averaged(8, 8, (4, 2), 1, lambda *_: torch.zeros(1))
