import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffusion.tiling import cut, tiled


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
