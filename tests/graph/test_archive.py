import json
import time
from pathlib import Path
from typing import Annotated

import pytest

from graph.archive import Archive
from graph.declare import Artifact, Choice, node
from graph.events import NodeFinished, NodeWarned
from graph.store import Recipe, Stored
from graph.workflow import Link, Node
from tests.graph.conftest import Bench


class Vector:
    """A value with a codec."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)


class VectorCodecs:
    """Tensors are lists of numbers here, and a file of them is JSON."""

    def digest(self, value):
        return repr(value.numbers) if isinstance(value, Vector) else None

    def size(self, value):
        return 8 * len(value.numbers)

    def dump(self, value):
        return ({"kind": "vector"}, {"numbers": value.numbers}) if isinstance(value, Vector) else None

    def load(self, document, tensors):
        assert document == {"kind": "vector"}
        return Vector(*tensors["numbers"])

    def write(self, path, tensors):
        path.write_text(json.dumps(tensors))

    def read(self, path):
        return json.loads(path.read_text())


CALLS: list[str] = []


@node("Slow")
def slow(value: float, note: str = "") -> Vector:
    CALLS.append("slow")
    time.sleep(0.02)
    return Vector(value, value)


@node("SlowList")
def slow_list(length: int) -> list[Vector]:
    CALLS.append("slow_list")
    time.sleep(0.02)
    return [Vector(place) for place in range(length)]


@node("Length")
def measure(vector: Vector) -> float:
    CALLS.append("length")
    return float(sum(vector.numbers))


@pytest.fixture
def process(tmp_path):
    """Something like a new process each time: fresh memory, the same directory."""
    CALLS.clear()

    def begin(stamp="1", **options):
        archive = Archive(tmp_path, VectorCodecs(), stamp, **{"least_seconds": 0.01} | options)
        return Bench(slow, slow_list, measure, codecs=VectorCodecs(), archive=archive)

    return begin


def line(value=1.0, **inputs):
    return {
        "s": Node("Slow", {"value": value} | inputs),
        "l": Node("Length", {"vector": Link("s")}),
        "out": Node("Show", {"value": Link("l")}),
    }


def test_a_second_process_does_not_make_costly_outputs_again(process):
    assert process().shown(line()) == ["<2>"]
    CALLS.clear()
    bench = process()
    assert bench.shown(line()) == ["<2>"]
    assert CALLS == ["length"]
    assert bench.events[0].steps == ("l", "out"), "the plan knows"


def test_processes_that_live_side_by_side_use_each_others_outputs(process):
    first, second = process(), process()
    first.run(line())
    CALLS.clear()
    second.run(line())
    assert CALLS == ["length"]


def test_a_node_is_finished_once_its_output_is_kept(process, tmp_path):
    def watch(event):
        if isinstance(event, NodeFinished) and event.node == "s":
            CALLS.clear()
            raise KeyboardInterrupt  # the process ends here

    bench = process()
    bench.watch = watch
    with pytest.raises(KeyboardInterrupt):
        bench.run(line())
    assert process().shown(line()) == ["<2>"]
    assert CALLS == ["length"]


def test_what_is_cheap_is_not_kept(process):
    process(least_seconds=10).run(line())
    CALLS.clear()
    process().run(line())
    assert "slow" in CALLS


def test_another_stamp_is_another_world(process):
    process("1").run(line())
    CALLS.clear()
    process("2").run(line())
    assert "slow" in CALLS


def test_an_equal_input_from_elsewhere_finds_the_output(process):
    process().run(line())
    nodes = line() | {"n": Node("Add", {"a": 0.5, "b": 0.5}), "s": Node("Slow", {"value": Link("n")})}
    CALLS.clear()
    process().run(nodes)
    assert CALLS == ["length"]


def test_lists_are_kept_too(process):
    nodes = {
        "s": Node("SlowList", {"length": 3}),
        "l": Node("Length", {"vector": Link("s")}),
        "out": Node("Show", {"value": Link("l")}),
    }
    process().run(nodes)
    CALLS.clear()
    assert process().shown(nodes) == ["<0>", "<1>", "<2>"]
    assert "slow_list" not in CALLS


def test_a_damaged_entry_is_made_again(process, tmp_path):
    process().run(line())
    for path in tmp_path.rglob("*.tensors"):
        path.write_text("no")
    CALLS.clear()
    assert process().shown(line()) == ["<2>"]
    assert "slow" in CALLS
    CALLS.clear()
    process().run(line())
    assert "slow" not in CALLS


def test_an_entry_that_another_process_removed_is_made_again(process, tmp_path):
    process().run(line())
    bench = process()
    for path in tmp_path.rglob("*.json"):
        path.unlink()
    assert bench.shown(line()) == ["<2>"]


def test_the_limit_holds_and_the_least_recently_used_goes(tmp_path):
    archive = Archive(tmp_path, VectorCodecs(), "1", limit=1000, least_seconds=0)
    for place in range(20):
        archive.save(str(place), Stored((Vector(*range(20)),), ("x",)))
        archive.remember(f"r{place}", Recipe((str(place),), ((),)))
        time.sleep(0.002)
        archive.load("0")
    assert "0" in archive and "19" in archive and "5" not in archive
    assert sum(path.stat().st_size for path in (tmp_path / "outputs").iterdir()) <= 1000
    assert archive.recall("r19") is not None and archive.recall("r5") is None


def test_a_damaged_recipe_does_not_keep_the_limit_from_holding(tmp_path):
    archive = Archive(tmp_path, VectorCodecs(), "stamp", limit=1000)
    archive.save("0", Stored((1,), ("1",), seconds=9.0))
    archive.remember("recipe", Recipe(("0",), ((),)))
    (damaged,) = (tmp_path / "recipes").glob("*.json")
    damaged.write_text("no JSON")
    for key in range(1, 40):
        assert archive.save(str(key), Stored((1,), ("1",), seconds=9.0))
    assert sum(path.stat().st_size for path in (tmp_path / "outputs").iterdir()) <= 1000
    assert not damaged.exists()


def test_nothing_half_written_is_left(process, tmp_path):
    process().run(line())
    assert not list(tmp_path.rglob("*.part"))


def test_what_has_no_codec_is_not_kept(tmp_path):
    archive = Archive(tmp_path, VectorCodecs(), "1", least_seconds=0)
    assert not archive.save("a", Stored((object(),), ("x",)))
    assert archive.save("b", Stored((1, "x", None), ("1", "'x'", "None")))
    loaded = archive.load("b")
    assert loaded is not None and loaded.outputs == (1, "x", None)


def test_a_replaced_file_is_not_answered_from_the_archive(process):
    versions = {"a": "1"}

    class Files:
        def names(self):
            return ["a"]

        def find(self, name):
            return name if name in versions else None

        def identity(self, name):
            return versions[name]

    @node("Load")
    def load(name: Annotated[str, Choice("files")]) -> Vector:
        time.sleep(0.02)
        return Vector(float(versions[name]))

    nodes = {
        "s": Node("Load", {"name": "a"}),
        "l": Node("Length", {"vector": Link("s")}),
        "out": Node("Show", {"value": Link("l")}),
    }

    def run():
        bench = process()
        bench.registry.add(load.node_type)
        bench.choices = {"files": Files()}
        return bench.shown(nodes)

    assert run() == ["<1>"]
    versions["a"] = "2"
    assert run() == ["<2>"]


def test_a_disk_that_is_full_is_a_warning_and_the_run_goes_on(process, tmp_path):
    bench = process()
    for folder in ("outputs", "recipes"):
        (tmp_path / folder).rmdir()
        (tmp_path / folder).write_text("no directory any more")
    assert bench.shown(line()) == ["<2>"]
    (warning,) = bench.of(NodeWarned)
    assert warning.node == "s" and warning.message.startswith("its output could not be kept for another time")


class Page(Artifact):
    """Something written to a file."""

    def __init__(self, path):
        self.path = path

    def is_valid(self):
        return self.path.exists()


class PageCodecs(VectorCodecs):
    def dump(self, value):
        return ({"page": str(value.path)}, {}) if isinstance(value, Page) else super().dump(value)

    def load(self, document, tensors):
        return Page(Path(document["page"])) if "page" in document else super().load(document, tensors)


def test_what_was_made_to_be_shown_is_not_made_again_in_the_next_process(tmp_path):
    pages = iter(range(10))

    @node("Print")
    def print_page(text: str) -> Page:
        page = Page(tmp_path / f"{next(pages)}.txt")
        page.path.write_text(text)
        return page

    def run():
        archive = Archive(tmp_path / "archive", PageCodecs(), "stamp")
        bench = Bench(print_page, codecs=PageCodecs(), archive=archive)
        result = bench.run({"p": Node("Print", {"text": "hello"})})
        (page,) = result.artifacts["p"]
        return result.ran, page.path.name

    assert run() == (("p",), "0.txt")
    assert run() == ((), "0.txt")
    (tmp_path / "0.txt").unlink()
    assert run() == (("p",), "1.txt")
