import pytest
import torch
from safetensors.torch import save_file

from diffusion.errors import FileNotInFolder, UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.model_files import ModelFiles


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "models" / "checkpoints"
    folder.mkdir(parents=True)
    for number in range(3):
        save_file({"a": torch.full((2,), float(number))}, folder / f"{number}.safetensors")
    return tmp_path


@pytest.fixture
def folders(base):
    return ModelFolders(base)


@pytest.fixture
def files(folders):
    return ModelFiles(folders)


def test_a_file_is_opened_once(folders, files):
    ref = folders.ref("checkpoints", "0")
    opened = files.open(ref, "sd15")
    assert files.open(ref, "sd15") is opened
    assert opened.family.id == "sd15"
    assert opened.source.read("a").tolist() == [0.0, 0.0]


def test_the_least_recently_used_file_is_closed_when_there_are_many(folders, files, monkeypatch):
    monkeypatch.setattr("diffusion.model_files.MOST_OPEN", 2)
    refs = [folders.ref("checkpoints", str(number)) for number in range(3)]
    first, second = files.open(refs[0], "sd15"), files.open(refs[1], "sd15")
    files.open(refs[0], "sd15")
    files.open(refs[2], "sd15")
    assert files.open(refs[0], "sd15") is first
    with pytest.raises(ValueError, match="closed"):
        second.source.read("a")
    assert files.open(refs[1], "sd15").source.read("a").tolist() == [1.0, 1.0]


def test_a_reference_to_a_file_that_was_replaced_is_refused(base, folders, files):
    ref = folders.ref("checkpoints", "0")
    files.open(ref, "sd15")
    save_file({"a": torch.ones(3)}, base / "models" / "checkpoints" / "0.safetensors")
    with pytest.raises(UnreadableFile, match=r"^checkpoints/0\.safetensors was replaced since"):
        files.open(ref, "sd15")


def test_a_reference_to_a_file_that_is_gone_is_refused(base, folders, files):
    ref = folders.ref("checkpoints", "0")
    (base / "models" / "checkpoints" / "0.safetensors").unlink()
    with pytest.raises(FileNotInFolder, match=r"no 0\.safetensors in checkpoints any more"):
        files.open(ref, "sd15")


def test_released_files_are_read_again_and_closed_ones_opened_again(folders, files):
    ref = folders.ref("checkpoints", "2")
    opened = files.open(ref, "sd15")
    files.release(pages=True)
    assert opened.source.read("a").tolist() == [2.0, 2.0]
    files.close()
    assert files.open(ref, "sd15") is not opened
