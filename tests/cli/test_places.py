import argparse
import hashlib

import pytest

from cli.errors import CommandError
from cli.hashes import FileHashes
from cli.places import places


def arguments(base, **options) -> argparse.Namespace:
    named = ("input_directory", "output_directory", "state_directory", "custom_nodes")
    return argparse.Namespace(**{"base_directory": base, "models": []} | dict.fromkeys(named) | options)


def test_a_base_directory_has_the_usual_folders(tmp_path):
    (tmp_path / "models/loras").mkdir(parents=True)
    (tmp_path / "models/loras/a.safetensors").touch()
    where = places(arguments(tmp_path))
    assert (where.input, where.output) == (tmp_path / "input", tmp_path / "output")
    assert (where.state, where.previews) == (tmp_path / ".patchbay", tmp_path / "temp")
    assert where.folders.names("loras") == ["a.safetensors"]


def test_what_is_remembered_can_be_kept_outside_a_base_directory_that_cannot_be_written_to(tmp_path):
    where = places(arguments(tmp_path, state_directory=tmp_path / "state"))
    assert (where.state, where.previews) == (tmp_path / "state", tmp_path / "state/temp")


def test_folders_named_on_the_command_line_come_first(tmp_path):
    for folder in ("base/models/loras", "more/loras"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.safetensors").touch()
    where = places(arguments(tmp_path / "base", models=[tmp_path / "more"]))
    assert where.folders.path("loras", "a.safetensors") == tmp_path / "more/loras/a.safetensors"


def test_extra_model_paths_are_read(tmp_path):
    (tmp_path / "elsewhere/l").mkdir(parents=True)
    (tmp_path / "elsewhere/l/b.safetensors").touch()
    (tmp_path / "extra_model_paths.yaml").write_text(f"other:\n  base_path: {tmp_path}/elsewhere\n  loras: l\n")
    assert places(arguments(tmp_path)).folders.names("loras") == ["b.safetensors"]


def test_models_that_were_saved_can_be_chosen_after_all_others(tmp_path):
    for folder in ("models/loras", "output/loras"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.safetensors").touch()
    for saved in ("loras/Patchbay_00001_.safetensors", "clip/b.safetensors", "checkpoints/c.safetensors"):
        (tmp_path / "output" / saved).parent.mkdir(exist_ok=True)
        (tmp_path / "output" / saved).touch()
    folders = places(arguments(tmp_path)).folders
    assert folders.names("loras") == ["a.safetensors", "Patchbay_00001_.safetensors"]
    assert folders.path("loras", "a.safetensors") == tmp_path / "models/loras/a.safetensors"
    assert folders.names("text_encoders") == ["b.safetensors"]
    elsewhere = places(arguments(tmp_path, output_directory=tmp_path / "output"))
    assert elsewhere.folders.names("checkpoints") == ["c.safetensors"]


def test_a_directory_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CommandError, match="no directory"):
        places(arguments(tmp_path / "nowhere"))


def test_a_yaml_that_is_none_is_refused(tmp_path):
    (tmp_path / "extra_model_paths.yaml").write_text("a: [")
    with pytest.raises(CommandError, match="YAML"):
        _ = places(arguments(tmp_path)).folders


def test_a_model_file_is_hashed_once(tmp_path):
    (tmp_path / "models/checkpoints").mkdir(parents=True)
    path = tmp_path / "models/checkpoints/a.safetensors"
    path.write_bytes(b"hello, this is no model")
    folders = places(arguments(tmp_path)).folders
    database = tmp_path / "state/hashes.sqlite"
    first = FileHashes(folders, database)("checkpoints", "a")
    assert first == hashlib.sha256(path.read_bytes()).hexdigest()
    assert FileHashes(folders, database)("checkpoints", "a.safetensors") == first
    assert FileHashes(folders, database)("checkpoints", "b") is None
    path.write_bytes(b"another file of another length")
    assert FileHashes(folders, database)("checkpoints", "a") != first
