import os
import pickle
import sys
import types
import zipfile

import numpy
import pytest
import torch
from torch import nn

from diffusion.errors import UnreadableFile
from diffusion.pickles import WholePickle
from diffusion.weights import PositionedFile, open_weights


@pytest.fixture
def tensors():
    generator = torch.Generator().manual_seed(0)
    return {
        "half": torch.randn(4, 6, generator=generator).half(),
        "part": torch.randn(10, generator=generator)[3:7],
        "parameter": nn.Parameter(torch.randn(2, 2, generator=generator)),
    }


def save(tmp_path, content, name="model.ckpt", **options):
    path = tmp_path / name
    torch.save(content, path, **options)
    return path


def read_all(source):
    return {name: source.read(name) for name in source.header.tensors}


def assert_equal(got, expected):
    assert got.keys() == expected.keys()
    for name, tensor in expected.items():
        assert got[name].dtype is tensor.dtype
        assert torch.equal(got[name], tensor.detach())


def test_a_zipped_pickle_is_read_tensor_by_tensor(tmp_path, tensors):
    source = open_weights(save(tmp_path, tensors))
    assert isinstance(source, PositionedFile)
    assert_equal(read_all(source), tensors)
    assert torch.equal(source.read("half", (1, 3)), tensors["half"][1:3])


def test_a_pickle_of_the_older_format_is_read_too(tmp_path, tensors):
    source = open_weights(save(tmp_path, tensors, _use_new_zipfile_serialization=False))
    assert isinstance(source, WholePickle)
    assert_equal(read_all(source), tensors)
    assert torch.equal(source.read("half", (1, 3)), tensors["half"][1:3])
    source.read("half").zero_()
    assert_equal(read_all(source), tensors)
    with pytest.raises(UnreadableFile, match=r"^model\.ckpt has no tensor 'absent'"):
        source.read("absent")


def test_a_pickle_of_the_older_format_is_read_again_after_it_was_released(tmp_path, tensors):
    path = save(tmp_path, tensors, _use_new_zipfile_serialization=False)
    source = open_weights(path)
    source.release(pages=False)
    target = torch.zeros(24)
    source.copy_into(target, "half")
    assert torch.equal(target, tensors["half"].float().flatten())
    source.release(pages=False)
    os.utime(path, (1, 1))
    with pytest.raises(UnreadableFile, match="was replaced or changed while in use"):
        source.read("half")


def test_a_tensor_that_does_not_lie_in_order_is_read_right(tmp_path, tensors):
    tensors["turned"] = torch.arange(6.0).reshape(2, 3).t()
    assert_equal(read_all(open_weights(save(tmp_path, tensors))), tensors)


def test_the_weights_of_a_trainers_checkpoint_are_found_and_its_notes_left(tmp_path, tensors):
    checkpoint = {"state_dict": tensors, "global_step": 470000, "optimizer_states": [{"step": torch.ones(3)}]}
    assert_equal(read_all(open_weights(save(tmp_path, checkpoint))), tensors)


def test_nested_tensors_get_dotted_names_and_plain_facts_become_metadata(tmp_path):
    content = {"string_to_param": {"*": torch.ones(2, 3)}, "name": "teal", "step": 500, 768: [{"w": torch.zeros(1)}]}
    source = open_weights(save(tmp_path, content, "teal.pt"))
    assert source.header.tensors.keys() == {"string_to_param.*", "768.0.w"}
    assert source.header.metadata == {"name": "teal", "step": "500"}


def trainers_callback() -> type:
    """The class under which pytorch_lightning's checkpoints keep their best score, as pickle sees it."""
    name = "pytorch_lightning.callbacks.model_checkpoint"
    module = types.ModuleType(name)
    callback = type("ModelCheckpoint", (), {"__module__": name})
    module.ModelCheckpoint = callback
    sys.modules[name] = module
    return callback


@pytest.mark.parametrize("zipped", [True, False])
def test_names_that_trainers_leave_behind_do_nothing(tmp_path, tensors, zipped, monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_lightning", types.ModuleType("pytorch_lightning"))
    monkeypatch.setitem(sys.modules, "pytorch_lightning.callbacks", types.ModuleType("pytorch_lightning.callbacks"))
    callback = trainers_callback()
    monkeypatch.setitem(sys.modules, callback.__module__, sys.modules[callback.__module__])
    content = {
        "state_dict": tensors,
        "callbacks": {callback: {"best": numpy.float64(0.5)}, "other": callback()},
        "loss": numpy.array([1.0, 2.0]),
    }
    path = save(tmp_path, content, _use_new_zipfile_serialization=zipped)
    assert_equal(read_all(open_weights(path)), tensors)


class Attack:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("place", ["beside", "within"])
def test_a_pickle_that_wants_to_run_code_is_refused_by_name_and_runs_nothing(tmp_path, tensors, zipped, place):
    proof = tmp_path / "proof"
    attack = Attack(f"echo > {proof}")
    content = {"state_dict": tensors, "x": attack} if place == "beside" else {"state_dict": {**tensors, "x": attack}}
    path = save(tmp_path, content, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UnreadableFile, match=r"^model\.ckpt wants to run (posix|nt)\.system while it is opened"):
        open_weights(path)
    assert not proof.exists()


def test_a_bare_pickle_is_refused(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps(Attack("false"), protocol=2))
    with pytest.raises(UnreadableFile, match=r"^model\.pt"):
        open_weights(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"<html>404 this is not what you want</html>", "web page"),
        (b"\x40\0\0\0\0\0\0\0{" + bytes(100), "rename it to end in .safetensors"),
        (bytes(100), "damaged"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
    ],
)
def test_what_is_no_pickle_is_refused_by_what_it_is(tmp_path, content, sentence):
    path = tmp_path / "model.ckpt"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=sentence):
        open_weights(path)


def test_a_truncated_pickle_is_refused(tmp_path, tensors):
    path = save(tmp_path, tensors)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(UnreadableFile, match=r"^model\.ckpt is damaged"):
        open_weights(path)


def test_a_pickle_without_tensors_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="holds no tensors"):
        open_weights(save(tmp_path, {"a": 1}))


def test_a_compressed_archive_is_read_right_or_refused(tmp_path, tensors):
    stored = save(tmp_path, tensors)
    path = tmp_path / "compressed.ckpt"
    with zipfile.ZipFile(stored) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as fresh:
        for entry in old.infolist():
            fresh.writestr(entry.filename, old.read(entry))
    assert_equal(read_all(open_weights(path)), tensors)


def test_a_container_that_holds_itself_is_looked_at_once(tmp_path, tensors):
    content = {"weights": tensors}
    content["again"] = content
    assert_equal(
        read_all(open_weights(save(tmp_path, content))), {f"weights.{name}": value for name, value in tensors.items()}
    )


def test_full_memory_is_not_taken_for_a_damaged_file(tmp_path, tensors, monkeypatch):
    path = save(tmp_path, tensors)

    def full(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(torch, "load", full)
    with pytest.raises(MemoryError):
        open_weights(path)
