import json

import pytest
import torch
from PIL import Image as Pillow

from diffusion.errors import UnreadableFile
from diffusion.image import Image
from graph.reporting import Here
from nodes.image import load_image, preview_image, save_image
from workflows.document import read_document
from workflows.outputs import InputFolder, OutputFolder, PreviewFolder

NODES = {"9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "mine"}}}


def folder(kind, root):
    return kind(root / kind.kind, root / "counters.sqlite", read_document(NODES))


def test_pictures_of_a_batch_are_numbered_files_with_the_workflow_inside(tmp_path):
    saved = save_image(folder(OutputFolder, tmp_path), Here("9"), Image(torch.rand(2, 8, 16, 3)), "mine")
    assert [file.name for file in saved] == ["mine_00001_.png", "mine_00002_.png"]
    with Pillow.open(saved[0].path) as picture:
        assert picture.size == (16, 8)
        assert json.loads(picture.text["prompt"]) == NODES


def test_a_saved_picture_is_read_as_it_was(tmp_path):
    pixels = torch.randint(0, 256, (1, 8, 8, 3)) / 255
    (saved,) = save_image(folder(OutputFolder, tmp_path), Here("9"), Image(pixels), "mine")
    image, mask = load_image(InputFolder(saved.root), saved.name)
    torch.testing.assert_close(image.pixels, pixels)
    assert mask.values.shape == (1, 8, 8)
    assert not mask.values.any()


def test_transparency_becomes_the_mask(tmp_path):
    Pillow.new("RGBA", (4, 2), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    image, mask = load_image(InputFolder(tmp_path), "clear.png")
    assert image.pixels[0, 0, 0].tolist() == [1, 0, 0]
    assert (mask.values == 1).all()


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x89PNG\r\n\x1a\n cut"])
def test_what_is_no_picture_is_refused_by_name(tmp_path, content):
    (tmp_path / "page.png").write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"page\.png"):
        load_image(InputFolder(tmp_path), "page.png")


def test_a_preview_goes_to_the_folder_that_is_not_kept(tmp_path):
    (saved,) = preview_image(folder(PreviewFolder, tmp_path), Here("9"), Image(torch.rand(1, 8, 8, 3)))
    assert saved.kind == "temp"
    assert saved.path.is_file()
