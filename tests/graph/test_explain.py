import sqlite3
from contextlib import closing
from typing import Annotated

import pytest

from graph.declare import Artifact, Choice, node, volatile
from graph.graph import resolve
from graph.journal import Journal
from graph.workflow import Link, Node, Workflow
from tests.graph.conftest import Bench

VERSIONS = {"style.safetensors": "1"}


class Files:
    def names(self):
        return list(VERSIONS)

    def find(self, name):
        return name if name in VERSIONS else None

    def identity(self, name):
        return VERSIONS[name]


class Saved(Artifact):
    there = True

    def is_valid(self):
        return self.there


@node("Load")
def load(name: Annotated[str, Choice("files")]) -> float:
    return float(VERSIONS[name])


@node("Tick", fingerprint=volatile)
def tick() -> float:
    return 1.0


@node("Save")
def save(value: float) -> Saved:
    return Saved()


@node("Outside", fingerprint=lambda inputs: VERSIONS["style.safetensors"])
def outside() -> float:
    return 1.0


@pytest.fixture
def process(tmp_path):
    """Something like a new process each time: fresh memory, the same journal."""
    VERSIONS["style.safetensors"] = "1"

    def begin(workflow="a.json"):
        bench = Bench(load, tick, save, outside, journal=Journal(tmp_path / "base" / "journal.sqlite", workflow))
        bench.choices = {"files": Files()}
        return bench

    return begin


def reasons(bench, nodes):
    graph = resolve(Workflow(nodes), bench.registry, bench.choices)
    return {node_id: explanation.reason for node_id, explanation in bench.executor.explain(graph).items()}


def line(**changes):
    return {
        "l": Node("Load", {"name": "style.safetensors"}),
        "a": Node("Add", {"a": Link("l"), "b": 1.0}),
        "s": Node("Save", {"value": Link("a")}),
    } | changes


def test_the_first_time_everything_is_a_first_run(process):
    assert set(reasons(process(), line()).values()) == {"first run"}


def test_within_a_process_what_is_stored_does_not_run(process):
    bench = process()
    bench.run(line())
    assert reasons(bench, line()) == {
        "l": "what is made from it is stored",
        "a": "what is made from it is stored",
        "s": "nothing changed",
    }


def test_a_changed_value_is_named_with_both_values_across_processes(process):
    process().run(line())
    found = reasons(process(), line(a=Node("Add", {"a": Link("l"), "b": 2.0})))
    assert found == {
        "l": "its output was not kept: it is quick to make again, room was needed, or the program changed",
        "a": "`b` changed from 1.0 to 2.0",
        "s": "an input changed: `value` from a",
    }


def test_a_replaced_file_is_named(process):
    bench = process()
    bench.run(line())
    VERSIONS["style.safetensors"] = "2"
    assert reasons(bench, line())["l"] == "`style.safetensors` was replaced"
    assert reasons(process(), line())["l"] == "`style.safetensors` was replaced"


def test_links_that_moved_appeared_or_went_are_named(process):
    process().run(line())
    moved = line(m=Node("Load", {"name": "style.safetensors"}), a=Node("Add", {"a": Link("m"), "b": Link("l")}))
    found = reasons(process(), moved)
    assert found["a"] == "`a` is linked to m, no longer to l; `b` is now linked to l"
    assert found["m"] == "first run"
    loose = line(a=Node("Add", {"a": 1.0, "b": 1.0}))
    assert reasons(process(), loose)["a"] == "`a` is no longer linked to l"


def test_another_type_under_the_same_id_is_named(process):
    process().run(line())
    assert reasons(process(), line(l=Node("Tick")))["l"] == "it always runs"
    assert reasons(process(), line(l=Node("Outside")))["l"] == "it was Load, now it is Outside"


def test_a_fingerprint_that_changed_is_named(process):
    nodes = {"o": Node("Outside"), "s": Node("Save", {"value": Link("o")})}
    process().run(nodes)
    VERSIONS["style.safetensors"] = "2"
    assert reasons(process(), nodes)["o"] == "something that it reads from outside changed"


def test_a_result_that_was_deleted_is_named(process):
    bench = process()
    (saved,) = bench.run(line()).artifacts["s"]
    saved.there = False
    assert reasons(bench, line())["s"] == "what it made is gone"


def test_a_failure_is_remembered(process):
    nodes = {"b": Node("Explode"), "s": Node("Save", {"value": Link("b")})}
    process().run(nodes)
    assert reasons(process(), nodes) == {"b": "it failed last time: boom", "s": "first run"}


def test_the_last_run_can_be_looked_up_with_its_reasons(process):
    bench = process()
    bench.run(line())
    bench.run(line(a=Node("Add", {"a": Link("l"), "b": 2.0})))
    graph = resolve(Workflow(line()), bench.registry, bench.choices)
    last = {node_id: explanation.last for node_id, explanation in process().executor.explain(graph).items()}
    assert (last["a"].outcome, last["a"].reason) == ("ran", "`b` changed from 1.0 to 2.0")
    assert last["l"].outcome == "skipped"


def test_workflows_do_not_mix(process):
    process("a.json").run(line())
    assert reasons(process("b.json"), line())["l"] == "first run"


def test_a_damaged_journal_is_put_aside(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database, whatever its name says" * 100)
    assert Journal(path, "a").records() == {}
    assert (tmp_path / "journal.sqlite.damaged").exists()


def test_a_journal_of_an_older_layout_begins_anew(tmp_path):
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE records (workflow TEXT, node TEXT, parts TEXT)")
        connection.execute("INSERT INTO records VALUES ('a', '1', '[]')")
        connection.commit()
    assert Journal(path, "a").records() == {}


def test_without_a_journal_it_can_still_say_what_would_run(bench):
    nodes = {"n": Node("Number"), "out": Node("Show", {"value": Link("n")})}
    graph = resolve(Workflow(nodes), bench.registry, {})
    assert all(explanation.runs for explanation in bench.executor.explain(graph).values())
    bench.run(nodes)
    assert not any(explanation.runs for explanation in bench.executor.explain(graph).values())
