import hashlib
import os

import pytest
import torch
from safetensors.torch import save_file

from diffusion.files.identity import autov2, autov3, identity, sha256


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(3)}, path, {"title": "one"})
    return path


def test_identity_stays_while_the_file_does(path):
    assert identity(path) == identity(path)


def test_identity_changes_with_the_files_time(path):
    before = identity(path)
    os.utime(path, (1, 1))
    assert identity(path) != before


def test_identity_changes_with_the_header_even_when_size_and_time_do_not(path):
    before, status = identity(path), path.stat()
    other = path.with_name("other.safetensors")
    save_file({"a": torch.ones(3)}, other, {"title": "two"})
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert other.stat().st_size == status.st_size
    assert identity(other) != before


def test_identity_changes_with_a_configuration_that_an_adapter_needs(tmp_path):
    adapter, beside = tmp_path / "adapter_model.safetensors", tmp_path / "adapter_config.json"
    save_file({"a": torch.ones(3)}, adapter)
    alone = identity(adapter)
    beside.write_text('{"lora_alpha": 8}')
    first = identity(adapter)
    beside.write_text('{"lora_alpha": 16}')
    assert len({alone, first, identity(adapter)}) == 3


def test_a_pickles_identity_is_taken_from_both_its_ends(tmp_path):
    first, second = tmp_path / "a.pt", tmp_path / "b.pt"
    torch.save({"a": torch.zeros(100_000)}, first)
    torch.save({"a": torch.ones(100_000)}, second)
    for path in (first, second):
        os.utime(path, (1, 1))
    assert first.stat().st_size == second.stat().st_size
    assert identity(first) != identity(second)


def test_hashes_are_those_model_sites_show(path):
    whole = path.read_bytes()
    assert sha256(path) == hashlib.sha256(whole).hexdigest()
    assert autov2(path) == hashlib.sha256(whole).hexdigest()[:10]
    tensors = whole[8 + int.from_bytes(whole[:8], "little") :]
    assert autov3(path) == hashlib.sha256(tensors).hexdigest()[:12]
