import pytest
import torch
from PIL import Image as Pillow

from diffusion.image import Image
from graph.reporting import Here
from nodes.image_save import save_image_as
from workflows.document import read_document
from workflows.outputs import OutputFolder
from workflows.pictures import open_document

NODES = {"9": {"class_type": "SaveImageAs", "inputs": {"images": ["8", 0], "filename_prefix": "mine"}}}
PIXELS = torch.zeros(2, 16, 8, 3) + torch.tensor([1.0, 0.5, 0.0])


def folder(root, nodes=NODES) -> OutputFolder:
    return OutputFolder(root / "output", root / "counters.sqlite", read_document(nodes))


@pytest.mark.parametrize(
    ("form", "suffix", "known_as"),
    [("png", ".png", "PNG"), ("jpeg", ".jpg", "JPEG"), ("webp", ".webp", "WEBP"), ("webp lossless", ".webp", "WEBP")],
)
def test_each_form_is_written_with_the_workflow_inside(tmp_path, heard, form, suffix, known_as):
    saved = save_image_as(folder(tmp_path), Here("9"), heard, Image(PIXELS), "mine", form, 95)
    assert [file.name for file in saved] == [f"mine_00001_{suffix}", f"mine_00002_{suffix}"]
    with Pillow.open(saved[0].path) as picture:
        assert (picture.format, picture.size) == (known_as, (8, 16))
        assert max(abs(a - b) for a, b in zip(picture.convert("RGB").getpixel((4, 8)), (255, 128, 0), strict=True)) < 4
    assert open_document(saved[1].path).api() == NODES
    assert heard.warnings == []


def test_a_workflow_too_long_for_a_jpeg_is_said(tmp_path, heard):
    nodes = {**NODES, "1": {"class_type": "Note", "inputs": {"text": "x" * 70_000}}}
    [saved] = save_image_as(folder(tmp_path, nodes), Here("9"), heard, Image(PIXELS[:1]), "mine", "jpeg", 90)
    assert saved.path.is_file()
    assert "mine_00001_.jpg is without 'prompt' and 'patchbay'" in heard.warnings[0]
