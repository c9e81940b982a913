import os
import time
from multiprocessing import get_context

import pytest
from PIL import Image

from workflows.document import read_document
from workflows.names import NameRefused
from workflows.outputs import STALE, InputFolder, NotSaved, OutputFolder, PreviewFolder, SavedFile, prefix_fault
from workflows.pictures import open_document, picture_texts

DOCUMENT = read_document({"9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "a"}}})


def folder(path, kind=OutputFolder) -> OutputFolder:
    return kind(path / "output", path / "state" / "counters.sqlite", DOCUMENT)


def save(outputs: OutputFolder, prefix: str = "a", suffix: str = ".txt") -> str:
    return outputs.save(prefix, suffix, lambda path: path.write_text("hello")).name


def save_ten(path) -> list[str]:
    return [save(folder(path)) for _ in range(10)]


def test_files_are_numbered_per_prefix(tmp_path):
    outputs = folder(tmp_path)
    names = [save(outputs), save(outputs), save(outputs, "b/c"), save(outputs, "")]
    assert names == ["a_00001_.txt", "a_00002_.txt", "b/c_00001_.txt", "00001_.txt"]
    assert (tmp_path / "output/b/c_00001_.txt").read_text() == "hello"


def test_numbers_go_on_from_what_the_folder_holds(tmp_path):
    (tmp_path / "output").mkdir()
    for name in ("a_00041_.png", "a_00007_.txt", "ab_00090_.png", "a_b_00091_.png"):
        (tmp_path / "output" / name).touch()
    assert save(folder(tmp_path)) == "a_00042_.txt"


def test_a_number_is_not_given_again_when_its_file_is_deleted(tmp_path):
    outputs = folder(tmp_path)
    (tmp_path / "output" / save(outputs)).unlink()
    assert save(outputs) == "a_00002_.txt"


def test_a_file_that_somebody_else_put_there_is_never_overwritten(tmp_path):
    outputs = folder(tmp_path)
    save(outputs)
    (tmp_path / "output/a_00002_.txt").write_text("mine")
    assert save(outputs) == "a_00003_.txt"
    assert (tmp_path / "output/a_00002_.txt").read_text() == "mine"


def test_without_hard_links_nothing_is_overwritten_either(tmp_path, monkeypatch):
    def no_links(*_paths):
        raise PermissionError("this file system has no hard links")

    monkeypatch.setattr(os, "link", no_links)
    outputs = folder(tmp_path)
    save(outputs)
    (tmp_path / "output/a_00002_.txt").write_text("mine")
    assert save(outputs) == "a_00003_.txt"
    assert (tmp_path / "output/a_00003_.txt").read_text() == "hello"


def test_several_processes_share_a_folder(tmp_path):
    with get_context("spawn").Pool(3) as pool:
        names = [name for some in pool.map(save_ten, [tmp_path] * 3) for name in some]
    assert sorted(names) == [f"a_{number:05}_.txt" for number in range(1, 31)]


def test_a_write_that_fails_leaves_nothing_and_takes_no_number(tmp_path):
    outputs = folder(tmp_path)

    def write_half(path):
        path.write_text("hal")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        outputs.save("a", ".txt", write_half)
    assert list((tmp_path / "output").iterdir()) == []
    assert save(outputs) == "a_00001_.txt"


def test_what_a_crash_left_is_swept_away_after_a_day(tmp_path):
    (tmp_path / "output").mkdir()
    old, recent = tmp_path / "output/.pending-1.png", tmp_path / "output/.pending-2.png"
    old.touch(), recent.touch()
    os.utime(old, (time.time() - 2 * STALE,) * 2)
    save(folder(tmp_path))
    assert (old.exists(), recent.exists()) == (False, True)


@pytest.mark.parametrize("prefix", ["../a", "/tmp/a", "x/../../a", "out/a"])
def test_nothing_is_written_outside(tmp_path, prefix):
    (tmp_path / "output").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "output/out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NameRefused, match="outside"):
        save(folder(tmp_path), prefix)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_an_output_folder_that_is_a_link_itself_is_fine(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "output").symlink_to(tmp_path / "disk")
    save(folder(tmp_path))
    assert (tmp_path / "disk/a_00001_.txt").exists()


def test_a_saved_file_is_valid_while_it_is_there(tmp_path):
    saved = folder(tmp_path).save("a/b", ".txt", lambda path: path.touch())
    assert saved == SavedFile("a/b_00001_.txt", tmp_path / "output")
    assert saved.is_valid()
    saved.path.unlink()
    assert not saved.is_valid()


def test_previews_are_of_another_kind_and_go_after_a_day(tmp_path):
    previews = folder(tmp_path, PreviewFolder)
    first = previews.save("a", ".txt", lambda path: path.touch())
    assert first.kind == "temp"
    os.utime(first.path, (time.time() - 2 * STALE,) * 2)
    second = previews.save("a", ".txt", lambda path: path.touch())
    assert (first.is_valid(), second.is_valid()) == (False, True)


def test_a_picture_carries_the_workflow_that_made_it(tmp_path):
    saved = folder(tmp_path).save_png(Image.new("RGB", (32, 16)), "%width%x%height%")
    assert saved.name == "32x16_00001_.png"
    assert set(picture_texts(saved.path.open("rb"))) == {"prompt", "patchbay"}
    assert open_document(saved.path).members == DOCUMENT.members


def test_input_names_are_contained(tmp_path):
    root = tmp_path / "input"
    (root / "sub").mkdir(parents=True)
    for name in ("b.PNG", "sub/a.webp", "note.txt"):
        (root / name).touch()
    (tmp_path / "secret.png").touch()
    inputs = InputFolder(root)
    assert inputs.names() == ["b.PNG", "sub/a.webp"]
    assert inputs.path("sub\\a.webp") == (root / "sub/a.webp").resolve()
    with pytest.raises(NameRefused, match="outside"):
        inputs.path("../secret.png")
    with pytest.raises(NameRefused, match="not in"):
        inputs.path("c.png")
    assert InputFolder(tmp_path / "nowhere").names() == []


def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path):
    (tmp_path / "output").write_text("no folder")
    with pytest.raises(NotSaved, match="'a' cannot be saved into the output directory: "):
        save(folder(tmp_path))


def test_damaged_numbers_are_named_with_what_to_do(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state/counters.sqlite").write_text("no database, and long enough to be looked at as one " * 20)
    with pytest.raises(NotSaved, match=r"counters\.sqlite .*delete it"):
        save(folder(tmp_path))
    assert list((tmp_path / "output").iterdir()) == []


@pytest.mark.parametrize("prefix", ["../out", "/etc/x", "a/../../b", "C:\\x"])
def test_a_prefix_that_leads_outside_is_known_before_anything_runs(prefix):
    assert "leads outside the output directory" in prefix_fault({"filename_prefix": prefix}, {})


@pytest.mark.parametrize("prefix", ["a/%date:yyyy-MM-dd%/b", "%Node.input%", None])
def test_a_prefix_inside_the_folder_or_not_known_yet_is_no_fault(prefix):
    assert prefix_fault({"filename_prefix": prefix}, {}) == ""


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "x/" * 3000, "\ud800"])
def test_what_can_be_no_name_of_a_file_is_not_in_the_input_folder(tmp_path, name):
    with pytest.raises(NameRefused, match="no name"):
        InputFolder(tmp_path).path(name)
