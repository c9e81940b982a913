import io

import pytest
from PIL import Image

from workflows.previews import LARGEST, small_jpeg


@pytest.mark.parametrize(
    ("size", "small"), [((2000, 1000), (LARGEST, LARGEST // 2)), ((16, 16), (16, 16)), ((1, 4000), (1, LARGEST))]
)
def test_a_preview_is_a_small_jpeg_and_never_larger_than_what_it_shows(size, small):
    with Image.open(io.BytesIO(small_jpeg(Image.new("RGBA", size)))) as picture:
        assert (picture.format, picture.size) == ("JPEG", small)


@pytest.mark.parametrize("shown", [None, "text", 3])
def test_what_is_no_picture_has_no_preview(shown):
    assert small_jpeg(shown) is None
