import json
import random

import pytest
from PIL import ExifTags, Image

from workflows.document import read_document
from workflows.pictures import open_document, picture_texts, write_png
from workflows.png import read_texts

API = {"3": {"class_type": "KSampler", "inputs": {"seed": 2**64 - 1, "text": "grün 猫"}}}
DOCUMENT = read_document({"format": "patchbay/1", "nodes": API, "layout": {"3": [1, 2]}})
PICTURE = Image.new("RGB", (8, 8))


def png(path, **texts):
    write_png(PICTURE, path, texts)
    return path


def test_a_json_file_is_opened_as_what_it_is(tmp_path):
    path = tmp_path / "workflow.png"  # the content says what it is, not the name
    path.write_text(json.dumps(API))
    assert open_document(path).api() == API


def test_our_document_is_read_before_the_public_one(tmp_path):
    path = png(tmp_path / "a.png", **DOCUMENT.chunks())
    assert open_document(path).members == DOCUMENT.members
    assert open_document(png(tmp_path / "b.png", prompt=json.dumps(API))).api() == API


def test_the_editors_text_is_passed_on(tmp_path):
    document = open_document(png(tmp_path / "a.png", prompt=json.dumps(API), workflow='{"nodes": [], "links": []}'))
    assert document.editor_text == '{"nodes": [], "links": []}'
    assert document.chunks()["workflow"] == document.editor_text


def test_a_prompt_with_bare_nan_is_read(tmp_path):
    text = '{"3": {"class_type": "A", "inputs": {}, "is_changed": [NaN]}}'
    assert open_document(png(tmp_path / "a.png", prompt=text)).problems == ()


@pytest.mark.parametrize(
    ("texts", "words"),
    [({}, "carries no workflow"), ({"parameters": "a cat\nSteps: 1"}, "as text"), ({"prompt": "{"}, "JSON")],
)
def test_a_picture_without_a_workflow_says_so(tmp_path, texts, words):
    assert words in open_document(png(tmp_path / "a.png", **texts)).problems[0].message


def test_texts_are_latin_1_or_unicode_and_come_back_whole(tmp_path):
    texts = {"parameters": "grün, naïve", "other": "猫\nΩ", "broken": "\ud800a\0b"}
    path = png(tmp_path / "a.png", **texts)
    data = path.read_bytes()
    assert b"tEXtparameters\0" in data
    assert b"iTXtother\0" in data
    assert read_texts(path.open("rb")) == texts | {"broken": "?ab"}
    with Image.open(path) as picture:
        assert picture.text["other"] == texts["other"]


@pytest.mark.parametrize("keep", [9, 20, 60, 120])
def test_a_png_that_was_cut_short_does_no_harm(tmp_path, keep):
    path = png(tmp_path / "a.png", **DOCUMENT.chunks())
    path.write_bytes(path.read_bytes()[:keep])
    assert open_document(path).errors


@pytest.mark.parametrize("suffix", [".webp", ".jpg"])
def test_exif_carries_workflows_too(tmp_path, suffix):
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "prompt:" + json.dumps(API)
    exif[ExifTags.Base.Make] = 'workflow:{"nodes": [], "links": []}'
    PICTURE.save(tmp_path / f"a{suffix}", exif=exif)
    document = open_document(tmp_path / f"a{suffix}")
    assert document.api() == API
    assert document.editor_text == '{"nodes": [], "links": []}'


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le"])
def test_a_user_comment_is_parameters(tmp_path, encoding):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"UNICODE\0" + "a cat\nSteps: 20".encode(encoding)
    PICTURE.save(tmp_path / "a.jpg", exif=exif)
    assert picture_texts((tmp_path / "a.jpg").open("rb")) == {"parameters": "a cat\nSteps: 20"}
    assert "as text" in open_document(tmp_path / "a.jpg").problems[0].message


@pytest.mark.filterwarnings("ignore:.*:UserWarning:PIL")
@pytest.mark.parametrize("suffix", [".webp", ".jpg", ".png"])
def test_no_damage_to_a_picture_breaks_the_reader(tmp_path, suffix):
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "prompt:" + json.dumps(API)
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"UNICODE\0" + "a cat".encode("utf-16-be")
    path = tmp_path / f"a{suffix}"
    PICTURE.save(path, exif=exif)
    whole, draw = path.read_bytes(), random.Random(1)
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(draw.randrange(1, 6)):
            damaged[draw.randrange(3, len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged[: draw.randrange(len(damaged))] if draw.random() < 0.3 else damaged)
        open_document(path)


def test_a_broken_jpeg_carries_nothing(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    assert "no workflow" in open_document(tmp_path / "a.jpg").problems[0].message
