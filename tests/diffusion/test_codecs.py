import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from diffusion.adapters.schedule import Keyframe, Scheduled
from diffusion.codecs import dump, load, read, write
from diffusion.conditioning import Area, Cond, Conditioning, Span
from diffusion.digest import digest
from diffusion.errors import UnreadableFile
from diffusion.handle import Applied, Blend, File, FileRef, ModelHandle, ModelSampling, TextHandle, VaeHandle
from diffusion.image import Image, Mask
from diffusion.latent import Latent

FILE = FileRef("checkpoints/sd/a.safetensors", "12-34-ab")
LORA = FileRef("loras/b.safetensors", "1")
MODEL = ModelHandle(File(FILE, "model"), "sd15", ModelSampling("v", True)).clone(Applied(LORA, 0.8, (("dyn", "4"),)))
BLEND = Blend((MODEL.weights, File(LORA, "model")), (("", (0.3, 0.7)),))
SCHEDULED = Scheduled(LORA, (Keyframe(0, 1.0), Keyframe(0.5, 0.3)), gliding=True)
AREA = Cond(
    torch.randn(1, 77, 8),
    pooled=torch.randn(1, 8),
    area=Area(0.5, 0, 0.5, 1, relative=True),
    mask=torch.rand(1, 16, 16),
    mask_strength=0.7,
    mask_bounds=True,
    strength=1.5,
    span=Span(0.1, 0.9),
    adapters=(SCHEDULED,),
    extra={"steps": (0, 2), "note": "x"},
)
VALUES = {
    "model": MODEL,
    "scheduled model": replace(MODEL, scheduled=(SCHEDULED,)),
    "blended model": ModelHandle(BLEND, "sd15"),
    "text": TextHandle(File(FILE, "text"), "sd15", skip=1),
    "vae": VaeHandle(File(FILE, "vae"), "sd15"),
    "latent": Latent(torch.randn(2, 4, 8, 8)),
    "masked latent": Latent(torch.randn(2, 4, 8, 8), mask=torch.rand(1, 1, 64, 64), batch_index=(3, 5)),
    "image": Image(torch.rand(1, 8, 8, 3)),
    "mask": Mask(torch.rand(2, 8, 8)),
    "conditioning": Conditioning((AREA, Cond(torch.randn(1, 154, 8)))),
    "tensor": torch.randn(3).bfloat16(),
    "list": [1, 2.5, "text", None, True, (2**64 - 1,), {"a": torch.ones(2)}],
}


@pytest.fixture(params=VALUES, ids=list(VALUES))
def value(request):
    return VALUES[request.param]


def test_a_value_comes_back_from_its_file_as_it_was(value, tmp_path):
    document, tensors = dump(value)
    write(tmp_path / "stored.safetensors", tensors)
    again = load(json.loads(json.dumps(document)), read(tmp_path / "stored.safetensors"))
    assert type(again) is type(value)
    assert digest(again) == digest(value)


def test_handles_come_back_equal():
    for handle in (MODEL, VALUES["blended model"], VALUES["text"], VALUES["vae"]):
        assert load(*dump(handle)) == handle


def test_dumping_copies_no_tensor():
    _, tensors = dump(VALUES["image"])
    assert tensors["0"] is VALUES["image"].pixels


def test_tensors_that_share_memory_or_lie_crosswise_are_written_whole(tmp_path):
    whole = torch.arange(12.0).reshape(3, 4)
    parts = {"whole": whole, "row": whole[1], "turned": whole.T, "none": torch.empty(0), "one": torch.tensor(1)}
    write(tmp_path / "parts.safetensors", parts)
    again = read(tmp_path / "parts.safetensors")
    assert all(again[name].equal(part) for name, part in parts.items())


@pytest.mark.parametrize(
    "foreign",
    [object(), {1, 2}, Cond(torch.ones(1), extra={"f": print}), torch.nn.Linear(1, 1), torch.eye(2).to_sparse()],
)
def test_what_has_no_form_in_a_file_is_none(foreign):
    assert dump(foreign) is None


@pytest.mark.parametrize(
    "document",
    [
        {"type": "os:system", "fields": {}},
        {"type": "diffusion.codecs:import_module", "fields": {}},
        {"type": "diffusion.image:Gone", "fields": {}},
        {"type": "diffusion.image:Image", "fields": {"colour": 1}},
        {"tensor": "7"},
        {"other": 1},
    ],
)
def test_a_document_that_fits_nothing_is_refused(document):
    with pytest.raises(UnreadableFile):
        load(document, {})


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0")
    with pytest.raises(UnreadableFile, match=r"cut\.safetensors is damaged"):
        read(tmp_path / "cut.safetensors")


def test_handles_are_taken_apart_without_torch():
    code = (
        "import sys; from diffusion.digest import digest; from diffusion.handle import *\n"
        "assert digest(ModelHandle(File(FileRef('a', '1'), 'model'), 'sd15'))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
