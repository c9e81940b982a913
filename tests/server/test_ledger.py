import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest

from server.database import Database
from server.jobs import State
from server.ledger import Ledger, NotPublished
from server.queue import JobQueue
from server.schema import QUEUE
from workflows.document import read_document
from workflows.outputs import OutputFolder
from workflows.publishing import Numbers, Pending, describe_file


class Place:
    """A queue with one running job, a ledger, and a folder to save into."""

    def __init__(self, base: Path):
        self.base, self.root = base, base / "output"
        (self.root / "sub").mkdir(parents=True, exist_ok=True)
        self.counters = base / "state/counters.sqlite"
        self.database = Database(base / "state/server.sqlite", (QUEUE,))
        self.queue = JobQueue(self.database)
        self.ledger = Ledger(self.database, {"output": self.root}, self.counters)

    def begin(self, job_id: str = "a") -> None:
        async def begin() -> None:
            await self.queue.submit("{}", id=job_id)
            await self.queue.claim("w")

        asyncio.run(begin())

    def save(self, content: str = "hello", node: str = "9", index: int = 0, job: str = "a", worker: str = "w") -> str:
        pending = self.root / "sub" / f".pending-{node}-{index}.txt"
        pending.write_text(content)
        file = Pending(pending, "output", PurePosixPath("sub"), "x", ".txt", node, 0, index)
        try:
            return asyncio.run(self.ledger.publish(job, worker, file.to_json() | describe_file(pending)))
        finally:
            pending.unlink(missing_ok=True)

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted((self.root / "sub").iterdir())}

    def names(self, job: str = "a") -> list[str]:
        return [output.name for output in asyncio.run(self.queue.outputs(job))]


@pytest.fixture
def place(tmp_path):
    opened = Place(tmp_path)
    opened.begin()
    yield opened
    opened.database.close()


def test_files_are_numbered_and_belong_to_the_job(place):
    assert [place.save("one"), place.save("two", index=1)] == ["sub/x_00001_.txt", "sub/x_00002_.txt"]
    assert place.files() == {"x_00001_.txt": "one", "x_00002_.txt": "two"}
    (output, _) = asyncio.run(place.queue.outputs("a"))
    assert (output.job, output.node, output.item, output.index, output.kind) == ("a", "9", 0, 0, "output")
    assert (output.bytes, output.media_type, len(output.sha256)) == (3, "text/plain", 64)


def test_asked_again_for_the_same_file_the_answer_is_the_same_name(place):
    assert place.save() == place.save() == place.save()
    assert place.files() == {"x_00001_.txt": "hello"}
    assert place.names() == ["sub/x_00001_.txt"]


def test_the_same_content_from_another_node_is_another_file(place):
    assert place.save(node="9") != place.save(node="10")


def test_another_content_from_the_same_run_of_a_node_is_another_file_and_the_one_that_counts(place):
    place.save("one")
    assert place.save("two") == "sub/x_00002_.txt"
    assert place.files() == {"x_00001_.txt": "one", "x_00002_.txt": "two"}
    assert place.names() == ["sub/x_00002_.txt"]


def test_a_file_that_was_deleted_is_saved_again(place):
    name = place.save()
    (place.root / name).unlink()
    assert place.save() == "sub/x_00002_.txt"
    assert place.names() == ["sub/x_00002_.txt"]


def test_a_file_that_somebody_else_put_there_is_never_overwritten(place):
    (place.root / "sub/x_00001_.txt").write_text("mine")
    place.save()
    (place.root / "sub/x_00003_.txt").write_text("mine too")
    place.save(index=1)
    assert place.files() == {
        "x_00001_.txt": "mine",
        "x_00002_.txt": "hello",
        "x_00003_.txt": "mine too",
        "x_00004_.txt": "hello",
    }
    assert place.names() == ["sub/x_00002_.txt", "sub/x_00004_.txt"]


def test_a_program_beside_the_server_shares_its_numbers(place):
    document = read_document({"9": {"class_type": "SaveImage", "inputs": {}}})
    outputs = OutputFolder(place.root, place.counters, document)
    with ThreadPoolExecutor(2) as pool:
        ours = [pool.submit(place.save, index=index) for index in range(8)]
        theirs = [pool.submit(outputs.save, "sub/x", ".txt", lambda path: path.write_text("run")) for _ in range(8)]
        names = [future.result() for future in ours] + [future.result().name for future in theirs]
    assert sorted(names) == [f"sub/x_{number:05}_.txt" for number in range(1, 17)]


@pytest.mark.parametrize(
    "asked",
    [
        {"folder": ".."},
        {"folder": "/tmp"},
        {"kind": "temp"},
        {"pending": "../secret"},
        {"pending": "nothing"},
        {"stem": "../x"},
        {"suffix": "/../x"},
        {"folder": "link"},
    ],
)
def test_nothing_outside_the_folder_gets_a_name(place, asked):
    (place.base / "secret").write_text("secret")
    (place.base / "elsewhere").mkdir()
    (place.base / "elsewhere/.pending").write_text("hello")
    (place.root / "link").symlink_to(place.base / "elsewhere")
    (place.root / "sub/.pending").write_text("hello")
    file = Pending(place.root / "sub/.pending", "output", PurePosixPath("sub"), "x", ".txt").to_json()
    with pytest.raises(NotPublished):
        asyncio.run(place.ledger.publish("a", "w", file | {"sha256": "0" * 64} | asked))
    assert list((place.base / "elsewhere").iterdir()) == [place.base / "elsewhere/.pending"]


def test_a_worker_that_lost_its_job_saves_nothing_more(place):
    with pytest.raises(NotPublished, match="does not run here any more"):
        place.save(worker="another")
    asyncio.run(place.queue.finish("a", "w", State.CANCELLED))
    with pytest.raises(NotPublished, match="does not run here any more"):
        place.save()
    assert place.files() == {}


def test_a_folder_that_cannot_be_written_to_is_a_sentence(place, monkeypatch):
    def full(*_arguments, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Numbers, "publish", full)
    with pytest.raises(NotPublished, match=r"'x' cannot be saved: No space left on device\."):
        place.save()


class Killed(BaseException):
    """The process ended here."""


def die(*_arguments: object) -> None:
    raise Killed


def die_before_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.publishing.os.link", die)


def die_after_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.ledger._confirm", die)


@pytest.mark.parametrize("die_somewhere", [die_before_the_name, die_after_the_name])
def test_after_a_crash_at_any_moment_there_is_one_file(
    tmp_path, monkeypatch, die_somewhere: Callable[[pytest.MonkeyPatch], None]
):
    place = Place(tmp_path)
    place.begin()
    with monkeypatch.context() as killing, pytest.raises(Killed):
        die_somewhere(killing)
        place.save()
    place.database.close()

    place = Place(tmp_path)
    asyncio.run(place.ledger.recover())
    asyncio.run(place.queue.recover())
    asyncio.run(place.queue.claim("w"))
    assert place.save() == "sub/x_00001_.txt"
    assert place.files() == {"x_00001_.txt": "hello"}
    assert place.names() == ["sub/x_00001_.txt"]
    place.database.close()


def test_a_name_that_somebody_took_before_the_crash_is_theirs(tmp_path, monkeypatch):
    place = Place(tmp_path)
    place.begin()
    with monkeypatch.context() as killing, pytest.raises(Killed):
        die_before_the_name(killing)
        place.save()
    place.database.close()
    (tmp_path / "output/sub/x_00001_.txt").write_text("theirs")
    (tmp_path / "output/sub/.pending-9-0.txt").write_text("hello")

    place = Place(tmp_path)
    asyncio.run(place.ledger.recover())
    assert place.names() == []
    assert place.files() == {"x_00001_.txt": "theirs"}
    outside = sqlite3.connect(place.database.path)
    assert outside.execute("SELECT count(*) FROM output").fetchone() == (0,)
    outside.close()
    place.database.close()
