import os

import pytest
import torch
from safetensors.torch import save_file

from diffusion.errors import UnreadableFile
from diffusion.weights import open_weights

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float8_e4m3fn, torch.float8_e5m2)


@pytest.fixture
def tensors():
    generator = torch.Generator().manual_seed(0)
    tensors = {str(dtype): torch.randn(5, 3, generator=generator).to(dtype) for dtype in DTYPES}
    return {**tensors, "numbers": torch.arange(7), "one": torch.tensor(2.5), "none": torch.zeros(0, 3)}


@pytest.fixture
def path(tmp_path, tensors):
    path = tmp_path / "model.safetensors"
    save_file(tensors, path)
    return path


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype is other.dtype and one.shape == other.shape and one.float().equal(other.float())


def test_every_number_format_is_read_as_it_is_stored(path, tensors):
    source = open_weights(path)
    assert source.header.tensors.keys() == tensors.keys()
    assert all(same(source.read(name), tensor) for name, tensor in tensors.items())


def test_rows_are_read_alone(path, tensors):
    source = open_weights(path)
    for name in ("torch.float32", "torch.bfloat16", "numbers"):
        assert same(source.read(name, (1, 4)), tensors[name][1:4])
        assert same(source.read(name, (3, 99)), tensors[name][3:])


def test_what_was_read_may_be_written_to_without_changing_the_file(path, tensors):
    source = open_weights(path)
    source.read("torch.float32").zero_()
    assert same(source.read("torch.float32"), tensors["torch.float32"])


def test_a_tensor_that_is_not_there_is_named(path):
    with pytest.raises(UnreadableFile, match=r"^model\.safetensors has no tensor 'absent'"):
        open_weights(path).read("absent")


def test_a_file_truncated_while_open_is_a_sentence_and_not_the_end_of_the_process(path):
    source = open_weights(path)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(UnreadableFile, match="was replaced or changed while in use"):
        source.read("torch.float32")


def test_a_file_replaced_while_open_is_not_read_from_any_more(path, tensors):
    source = open_weights(path)
    other = path.with_name("other.safetensors")
    save_file(tensors, other)
    other.replace(path)
    with pytest.raises(UnreadableFile, match="was replaced or changed while in use"):
        source.read("numbers")


def test_releasing_pages_changes_nothing_that_is_read(path, tensors):
    source = open_weights(path)
    source.release(pages=True)
    assert same(source.read("numbers"), tensors["numbers"])


def test_a_number_format_nobody_knows_is_refused_when_it_is_read(tmp_path):
    path = tmp_path / "model.safetensors"
    header = b'{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    source = open_weights(path)
    with pytest.raises(UnreadableFile, match="stored as F4"):
        source.read("a")


def test_a_tensor_is_copied_into_memory_that_is_there_and_converted_on_the_way(path, tensors, monkeypatch):
    source = open_weights(path)
    monkeypatch.setattr("diffusion.weights.CHUNK", 8)  # several chunks a tensor, and a last one that is shorter
    for name in (str(dtype) for dtype in DTYPES):
        target = torch.zeros(3, 5)
        source.copy_into(target, name)
        assert torch.equal(target.flatten(), tensors[name].float().flatten())
