import threading
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from graph.declare import Resource, node
from graph.executor import Executor
from graph.graph import resolve
from graph.registry import Registry
from graph.workflow import Link, Node, Workflow
from workflows.document import read_document
from workflows.outputs import OutputFolder, PreviewFolder, SavedFile
from workflows.publishing import Numbers, Pending, describe_file

DOCUMENT = read_document({"9": {"class_type": "Twice", "inputs": {}}})


class Recorded:
    """Gives every file the same name, and remembers who asked."""

    def __init__(self):
        self.asked: list[Pending] = []
        self.lock = threading.Lock()

    def publish(self, file: Pending) -> str:
        with self.lock:
            self.asked.append(file)
        return f"{file.folder}/given{file.suffix}"


@node("Pair")
def pair() -> list[str]:
    """Two texts."""
    return ["one", "two"]


@node("Twice")
def twice(outputs: Resource[OutputFolder], previews: Resource[PreviewFolder], text: str) -> list[SavedFile]:
    """Save a text twice, and once to look at."""
    save = lambda folder: folder.save("a/b", ".txt", lambda path: path.write_text(text))
    return [save(outputs), save(outputs), save(previews)]


def pending(folder: Path, text: str = "hello") -> Pending:
    path = folder / ".pending-1.txt"
    path.write_text(text)
    return Pending(path, "output", PurePosixPath("sub"), "x", ".txt", "9", 1, 2)


def test_whoever_gives_the_names_hears_which_run_of_which_node_saves(tmp_path):
    publisher = Recorded()
    folders = {
        kind: kind(tmp_path / kind.kind, tmp_path / "c.sqlite", DOCUMENT, publisher=publisher)
        for kind in (OutputFolder, PreviewFolder)
    }
    workflow = Workflow({"p": Node("Pair", {}), "9": Node("Twice", {"text": Link("p")})})
    result = Executor().run(resolve(workflow, Registry(pair, twice), {}), resources=folders)
    assert [(file.node, file.item, file.kind, file.index) for file in publisher.asked] == [
        ("9", 0, "output", 0),
        ("9", 0, "output", 1),
        ("9", 0, "temp", 0),
        ("9", 1, "output", 0),
        ("9", 1, "output", 1),
        ("9", 1, "temp", 0),
    ]
    assert {artifact.name for artifact in result.artifacts["9"]} == {"a/given.txt"}
    assert list((tmp_path / "output/a").iterdir()) == [], "what got no name is gone"


def test_a_file_that_wants_a_name_can_be_told_of_in_json(tmp_path):
    assert pending(tmp_path).to_json() == {
        "pending": ".pending-1.txt",
        "kind": "output",
        "folder": "sub",
        "stem": "x",
        "suffix": ".txt",
        "node": "9",
        "item": 1,
        "index": 2,
    }


def test_each_name_is_heard_of_before_it_is_tried(tmp_path):
    (tmp_path / "x_00002_.txt").write_text("mine")
    numbers, heard = Numbers(tmp_path / "state/c.sqlite"), []
    first = numbers.publish(pending(tmp_path), heard.append)
    (tmp_path / "x_00004_.txt").write_text("mine too")
    second = numbers.publish(pending(tmp_path), heard.append)
    assert (first, second) == ("sub/x_00003_.txt", "sub/x_00005_.txt")
    assert heard == ["sub/x_00003_.txt", "sub/x_00004_.txt", "sub/x_00005_.txt"]


def test_one_who_does_not_want_the_name_keeps_the_file_pending_and_the_number(tmp_path):
    numbers, file = Numbers(tmp_path / "state/c.sqlite"), pending(tmp_path)

    def refuse(_name: str) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        numbers.publish(file, refuse)
    assert file.path.exists()
    assert numbers.publish(file) == "sub/x_00001_.txt"


def test_files_are_described_by_content_and_pictures_by_their_size(tmp_path):
    Image.new("RGB", (8, 4)).save(tmp_path / "a.png")
    (tmp_path / "b.txt").write_text("hello")
    (tmp_path / "c.png").write_text("no picture")
    picture, text = describe_file(tmp_path / "a.png"), describe_file(tmp_path / "b.txt")
    assert (picture["media_type"], picture["width"], picture["height"]) == ("image/png", 8, 4)
    assert text == {
        "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "bytes": 5,
        "media_type": "text/plain",
    }
    assert "width" not in describe_file(tmp_path / "c.png")
