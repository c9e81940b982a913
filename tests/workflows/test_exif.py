import pytest
from PIL import ExifTags, Image

from workflows.document import read_document
from workflows.exif import fitting, write_jpeg, write_webp
from workflows.pictures import open_document, picture_texts

API = {"3": {"class_type": "KSampler", "inputs": {"seed": 2**64 - 1, "text": "grün 猫"}}}
DOCUMENT = read_document({"format": "patchbay/1", "nodes": API, "layout": {"3": [1, 2]}})
TEXTS = {**DOCUMENT.chunks(), "workflow": '{"nodes": []}', "parameters": "a 猫\nSteps: 20, Sampler: Euler, Seed: 1"}


def write(path, mode="RGB", color="red"):
    picture = Image.new(mode, (16, 16), color)
    if path.suffix == ".jpg":
        write_jpeg(picture, path, TEXTS, 90)
    else:
        write_webp(picture, path, TEXTS, 90, lossless="lossless" in path.name)
    return path


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "lossless.webp"])
def test_every_text_is_read_again_and_the_workflow_opens(tmp_path, name):
    path = write(tmp_path / name)
    assert picture_texts(path.open("rb")) == TEXTS
    document = open_document(path)
    assert document.members == DOCUMENT.members
    assert document.editor_text == TEXTS["workflow"]


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_the_texts_are_where_other_programs_look(tmp_path, name):
    with Image.open(write(tmp_path / name)) as picture:
        exif = picture.getexif()
        assert exif[0x0110] == "prompt:" + TEXTS["prompt"]
        assert exif[0x010F] == "workflow:" + TEXTS["workflow"]
        comment = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
    assert comment == b"UNICODE\0" + TEXTS["parameters"].encode("utf-16-be")


def test_a_jpeg_has_white_behind_what_is_clear(tmp_path):
    with Image.open(write(tmp_path / "a.jpg", "RGBA", (255, 0, 0, 0))) as picture:
        assert picture.getpixel((8, 8)) == (255, 255, 255)


def test_lossless_keeps_every_pixel_even_where_it_is_clear(tmp_path):
    with Image.open(write(tmp_path / "lossless.webp", "RGBA", (1, 2, 3, 0))) as picture:
        assert picture.getpixel((8, 8)) == (1, 2, 3, 0)


def test_what_a_jpeg_has_no_room_for_is_left_out_least_needed_first(tmp_path):
    texts = {"workflow": "w" * 70_000, "prompt": "p" * 20_000, "patchbay": "b" * 20_000, "parameters": "a"}
    assert fitting(texts, "jpeg").keys() == {"prompt", "patchbay", "parameters"}
    assert fitting(texts | {"patchbay": "b" * 60_000}, "jpeg").keys() == {"prompt", "parameters"}
    assert fitting(texts, "webp") == texts
    write_jpeg(Image.new("RGB", (8, 8)), tmp_path / "a.jpg", fitting(texts, "jpeg"), 90)


def test_a_text_too_long_for_a_jpeg_leaves_none(tmp_path):
    assert fitting({"parameters": "a" * 70_000}, "jpeg") == {}
