"""Every file of a job gets its name exactly once, whatever is killed meanwhile.

A worker leaves a finished file under a pending name and asks for its real one. What the file is and which name it will
get is on disk before the name is given, so that a server that begins anew can tell what happened. Asked again for the
same file of the same run of a node, the answer is the same name.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from server.database import Database
from server.jobs import Job, QueueError, State
from server.records import Transaction
from workflows.publishing import Numbers, Pending, describe_file

ABOUT = ("sha256", "media_type", "width", "height", "bytes")
KEY = "job = ? AND node = ? AND item = ? AND kind = ? AND place = ?"
T = TypeVar("T")


class NotPublished(QueueError):
    """A file did not get its name. The message is a sentence for a user."""


class Ledger:
    """Gives the files of jobs their names, each on a thread of its own."""

    def __init__(self, database: Database, folders: Mapping[str, Path], counters: Path):
        """``folders`` are the roots by kind; ``counters`` the numbers that other programs share."""
        self._database, self._numbers = database, Numbers(counters)
        self._folders = {kind: root.resolve() for kind, root in folders.items()}

    async def publish(self, job_id: str, worker: str, asked: Mapping[str, Any]) -> str:
        """Name a pending file; returns its name inside its folder.

        ``asked`` is `Pending.to_json` with what `describe_file` says of it. Raises NotPublished, also where the job is
        no longer this worker's.
        """
        return await asyncio.to_thread(self._publish, job_id, worker, asked)

    async def recover(self) -> None:
        """Find out what became of the names that were being given when the last server ended."""
        await asyncio.to_thread(self._recover)

    def _publish(self, job_id: str, worker: str, asked: Mapping[str, Any]) -> str:
        file = self._read(asked)
        job, known = self._change(lambda change: _look_up(change, job_id, worker, file))
        if known is not None and known["sha256"] == asked["sha256"] and self._has_landed(known):
            self._change(lambda change: _confirm(change, known))
            return known["name"]
        row = {"job": job.number, "node": file.node, "item": file.item, "kind": file.kind, "place": file.index}
        row |= {"pending": file.path.name} | {name: asked.get(name) for name in ABOUT}
        try:
            _sync(file.path)
            name = self._numbers.publish(file, lambda name: self._change(lambda change: _intend(change, row, name)))
            _sync(file.path.parent)
        except OSError as error:
            raise NotPublished(f"{file.stem!r} cannot be saved: {error.strerror or error}.") from error
        self._change(lambda change: _confirm(change, row))
        return name

    def _recover(self) -> None:
        """A file that has its name keeps it; of one that has not, the job that made it will ask again."""
        rows = self._change(lambda change: change.run("SELECT * FROM output WHERE pending IS NOT NULL").fetchall())
        for row in rows:
            settle = _confirm if self._has_landed(row) else _withdraw
            self._change(partial(settle, row=row))
            (self._path(row).parent / row["pending"]).unlink(missing_ok=True)

    def _read(self, asked: Mapping[str, Any]) -> Pending:
        """What a worker says of a file. Raises NotPublished for one that is not where it should be."""
        folder, kind = PurePosixPath(asked["folder"]), asked["kind"]
        root = self._folders.get(kind)
        if root is None:
            raise NotPublished(f"There is no {kind!r} folder to save into.")
        path = root / folder / asked["pending"]
        stem, suffix = asked["stem"], asked["suffix"]
        plain = all("/" not in part and "\\" not in part for part in (asked["pending"], stem, suffix))
        if not plain or not path.parent.resolve().is_relative_to(root) or not path.is_file():
            raise NotPublished(f"{stem!r} is not waiting in the {kind} folder.")
        return Pending(path, kind, folder, stem, suffix, asked["node"], asked["item"], asked["index"])

    def _path(self, row: sqlite3.Row) -> Path:
        return self._folders[row["kind"]] / row["name"]

    def _has_landed(self, row: sqlite3.Row) -> bool:
        """Whether a file is under its name. Where that was never confirmed, somebody else may have taken the name."""
        path = self._path(row)
        return path.is_file() and (row["pending"] is None or describe_file(path)["sha256"] == row["sha256"])

    def _change(self, change: Callable[[Transaction], T]) -> T:
        return self._database.write_from_thread(lambda connection: change(Transaction(connection, time.time())))


def _look_up(change: Transaction, job_id: str, worker: str, file: Pending) -> tuple[Job, sqlite3.Row | None]:
    """The job, and the file that this run of this node saved before. Raises NotPublished."""
    job = change.find(job_id)
    if job is None or job.state is not State.RUNNING or job.worker != worker:
        raise NotPublished(f"Job {job_id!r} does not run here any more.")
    key = (job.number, file.node, file.item, file.kind, file.index)
    return job, change.run(f"SELECT * FROM output WHERE {KEY}", key).fetchone()


def _intend(change: Transaction, row: Mapping[str, Any], name: str) -> None:
    change.upsert_output(dict(row) | {"name": name}, ("pending", "name", *ABOUT))


def _confirm(change: Transaction, row: Mapping[str, Any] | sqlite3.Row) -> None:
    change.run(f"UPDATE output SET pending = NULL WHERE {KEY}", _key(row))


def _withdraw(change: Transaction, row: sqlite3.Row) -> None:
    change.run(f"DELETE FROM output WHERE {KEY}", _key(row))


def _key(row: Mapping[str, Any] | sqlite3.Row) -> tuple[Any, ...]:
    return tuple(row[column] for column in ("job", "node", "item", "kind", "place"))


def _sync(path: Path) -> None:
    """What was written is on disk, not only on its way there."""
    if os.name != "posix" and path.is_dir():
        return  # directories cannot be opened there
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
