import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from workflows.png import read_texts

PICTURE = Image.new("RGB", (8, 8))


def test_packed_texts_and_texts_after_the_pixels_are_found(tmp_path):
    chunks = PngInfo()
    chunks.add_text("zipped", "a" * 1000, zip=True)
    chunks.add_itxt("unicode", "猫" * 1000, zip=True)
    PICTURE.save(tmp_path / "a.png", pnginfo=chunks)
    data = (tmp_path / "a.png").read_bytes()
    late = b"tEXt" + b"late\0hello"
    chunk = len(late[4:]).to_bytes(4, "big") + late + zlib.crc32(late).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(data[:-12] + chunk + data[-12:])
    assert read_texts((tmp_path / "a.png").open("rb")) == {
        "zipped": "a" * 1000,
        "unicode": "猫" * 1000,
        "late": "hello",
    }


def test_what_is_no_png_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(ValueError, match="PNG"):
        read_texts((tmp_path / "a.png").open("rb"))


def test_a_text_that_cannot_be_unpacked_is_empty(tmp_path):
    data = b"zTXt" + b"broken\0\0nonsense"
    chunk = len(data[4:]).to_bytes(4, "big") + data + b"\0\0\0\0"
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk)
    assert read_texts((tmp_path / "a.png").open("rb")) == {"broken": ""}


def test_texts_that_unpack_to_more_than_any_memory_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("workflows.png.LARGEST", 5_000)
    chunks = PngInfo()
    for number in range(10):
        chunks.add_text(f"t{number}", "a" * 2_000, zip=True)
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png", pnginfo=chunks)
    with (tmp_path / "a.png").open("rb") as file:
        texts = read_texts(file)
    assert sum(map(len, texts.values())) <= 5_000 and len(texts) == 3
