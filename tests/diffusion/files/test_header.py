import json
import struct

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from diffusion.errors import UnreadableFile
from diffusion.files.header import read_header


def write(path, header: object, data: bytes = b"") -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def test_names_shapes_types_places_and_metadata_are_read(path):
    save_file({"a": torch.ones(2, 3, dtype=torch.float16), "b": torch.arange(4)}, path, {"title": "x"})
    header = read_header(path)
    assert {name: (entry.dtype, entry.shape) for name, entry in header.tensors.items()} == {
        "a": ("F16", (2, 3)),
        "b": ("I64", (4,)),
    }
    assert header.metadata == {"title": "x"}
    entry = header.tensors["a"]
    assert path.read_bytes()[entry.start : entry.end] == torch.ones(6, dtype=torch.float16).numpy().tobytes()


def test_a_truncated_file_is_refused_with_both_sizes(path):
    save_file({"a": torch.ones(100)}, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(UnreadableFile, match=rf"truncated: it should have {len(whole):,} bytes and has"):
        read_header(path, "models/model.safetensors")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\x10\0\0", "truncated"),
        (b"<!DOCTYPE html><html>nothing here</html>", "web page"),
        (b"\n <html>nothing here</html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"PK\x03\x04" + bytes(100), "pickled"),
        (b"\x80\x02}q\x00." + bytes(100), "pickled"),
        (b"GGUF" + bytes(100), "GGUF"),
        (struct.pack("<Q", 1 << 60) + bytes(100), "header cannot be read"),
        (struct.pack("<Q", 50) + b"{" + bytes(100), "not JSON"),
        (struct.pack("<Q", 200_000) + b"[" * 200_000, "not JSON"),
    ],
)
def test_what_is_no_safetensors_file_is_refused_by_what_it_is(path, content, sentence):
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=sentence):
        read_header(path)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F16", "shape": [2], "data_offsets": [0, 3]},
        {"dtype": "F16", "shape": [-2], "data_offsets": [0, 4]},
        {"dtype": "F16", "shape": "2", "data_offsets": [0, 4]},
        {"dtype": ["F16"], "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F16", "data_offsets": [0, 4]},
        {"shape": [2], "data_offsets": [0]},
        7,
    ],
)
def test_an_entry_that_makes_no_sense_is_named(path, entry):
    write(path, {"weight": entry}, bytes(8))
    with pytest.raises(UnreadableFile, match="'weight'"):
        read_header(path)


def test_metadata_that_is_no_table_is_refused(path):
    write(path, {"__metadata__": ["title"]})
    with pytest.raises(UnreadableFile, match="metadata is malformed"):
        read_header(path)


def test_errors_call_the_file_by_its_portable_name(path):
    path.write_bytes(b"")
    with pytest.raises(UnreadableFile, match=r"^styles/neon\.safetensors is empty"):
        read_header(path, "styles/neon.safetensors")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(content)
    try:
        read_header(path)
    except UnreadableFile as error:
        assert str(error).startswith("any.safetensors")
