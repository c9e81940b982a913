import pytest
import torch
from safetensors.torch import load_file

from diffusion.files.header import read_header
from diffusion.files.writing import write_tensors

LISTING = {"b": ("F32", (2, 3)), "a": ("F16", (4,)), "none": ("F16", (0, 2))}
TENSORS = {"b": torch.arange(6.0).reshape(2, 3), "a": torch.ones(4).half(), "none": torch.zeros(0, 2).half()}


def content(name: str) -> memoryview:
    return TENSORS[name].view(-1).view(torch.uint8).numpy().data


def test_other_readers_understand_the_file(tmp_path):
    write_tensors(tmp_path / "x.safetensors", LISTING, {"format": "pt", "said": "ü"}, content)
    loaded = load_file(tmp_path / "x.safetensors")
    assert loaded.keys() == TENSORS.keys()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in TENSORS.items())


def test_names_places_and_texts_are_in_the_header(tmp_path):
    write_tensors(tmp_path / "x.safetensors", LISTING, {"said": "ü"}, content)
    header = read_header(tmp_path / "x.safetensors")
    assert header.metadata == {"said": "ü"}
    assert header.data_start % 8 == 0
    assert {name: entry.shape for name, entry in header.tensors.items()} == {"b": (2, 3), "a": (4,), "none": (0, 2)}


def test_tensors_are_asked_for_one_after_the_other(tmp_path):
    asked = []
    write_tensors(tmp_path / "x.safetensors", LISTING, {}, lambda name: asked.append(name) or content(name))
    assert asked == ["b", "a", "none"]


def test_a_tensor_of_another_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match="b should have 24 bytes and has 8"):
        write_tensors(tmp_path / "x.safetensors", LISTING, {}, lambda _: content("a"))
