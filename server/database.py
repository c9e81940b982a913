"""One SQLite file, one thread that writes, a few that read, and an event loop that waits for neither.

What was written is on disk before the caller hears of it. Writes that arrive while the disk is busy share the next
commit, so that many at once cost little more than one.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 10.0  # seconds to wait for somebody who reads the file from outside
READERS = 2
LARGEST_GROUP = 256  # writes that share a commit: the first of them waits for the last


class DatabaseError(Exception):
    """The database cannot be used. The message is a sentence for a user."""


@dataclass(frozen=True)
class Schema:
    """The tables of one part of the server: step n, as SQL, brings them from version n to n + 1."""

    name: str
    steps: tuple[str, ...]


@dataclass
class _Write:
    """Something to write, who waits for it, and what to do on the loop once it is on disk."""

    action: Callable[[sqlite3.Connection], Any]
    then: Callable[[Any], None] | None
    loop: asyncio.AbstractEventLoop | None
    done: Future[Any]
    result: Any = None
    error: BaseException | None = None

    def answer(self) -> None:
        """Tell those who wait what became of it."""
        if self.error is not None:
            self.done.set_exception(self.error)
            return
        if self.then is not None and self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.then, self.result)
        self.done.set_result(self.result)


class Database:
    """Everything that the server must not forget. One process at a time may own the file."""

    def __init__(self, path: Path, schemas: Sequence[Schema]):
        """Raises DatabaseError for a file that is damaged, made by a newer version or not to be written to."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._connect()
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            for schema in schemas:
                _migrate(self._connection, schema, path.name)
        except (OSError, sqlite3.Error) as error:
            raise _unusable(path, error) from error
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._closed = False
        self._sending = threading.Lock()
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._readers = ThreadPoolExecutor(READERS, "database-reader")
        self._writer = threading.Thread(target=self._write_all, name="database-writer", daemon=True)
        self._writer.start()

    async def write(self, action: Callable[[sqlite3.Connection], T], then: Callable[[T], None] | None = None) -> T:
        """Run ``action`` within a transaction; return what it returns when that is on disk.

        What it raises undoes what it did, and is raised here. ``then`` is called with it on the loop after the commit,
        in the order of commits, also when nobody waits any more.
        """
        self._loop = asyncio.get_running_loop()
        return await asyncio.wrap_future(self._send(action, then))

    def write_from_thread(
        self, action: Callable[[sqlite3.Connection], T], then: Callable[[T], None] | None = None
    ) -> T:
        """The same for callers outside the loop, who may block."""
        return self._send(action, then).result()

    async def read(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``action``, which may only read, against what is committed now."""
        return await asyncio.wrap_future(self._readers.submit(self._read, action))

    def close(self) -> None:
        """Finish what was asked for, then let go of the file. Nothing can be asked afterwards."""
        with self._sending:
            if self._closed:
                return
            self._closed = True
            self._writes.put(None)
        self._writer.join()
        self._readers.shutdown()
        for connection in (*self._opened, self._connection):  # the writer's last: closing it folds the log in
            connection.close()

    def _send(self, action: Callable[[sqlite3.Connection], T], then: Callable[[T], None] | None) -> Future[T]:
        done: Future[T] = Future()
        done.set_running_or_notify_cancel()  # it runs even if the one who waits goes away
        with self._sending:
            if self._closed:
                raise DatabaseError("The server is ending and takes nothing more.")
            self._writes.put(_Write(action, then, self._loop, done))
        return done

    def _read(self, action: Callable[[sqlite3.Connection], T]) -> T:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            self._opened.append(connection)
        connection.execute("BEGIN")  # several statements see one state
        try:
            return action(connection)
        finally:
            connection.execute("ROLLBACK")

    def _write_all(self) -> None:
        """The writer thread: whatever waits becomes one transaction."""
        ending = False
        while not ending:
            group = [self._writes.get()]
            while group[-1] is not None and len(group) < LARGEST_GROUP:
                try:
                    group.append(self._writes.get_nowait())
                except queue.Empty:
                    break
            ending = group[-1] is None
            writes = [write for write in group if write is not None]
            if writes:
                self._write_group(writes)

    def _write_group(self, writes: list[_Write]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for write in writes:
                self._write_one(write)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:  # the disk is full, or gone: nobody's write happened
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            for write in writes:
                write.error = _unusable(self.path, error)
        for write in writes:
            write.answer()

    def _write_one(self, write: _Write) -> None:
        """Each has a savepoint of its own: one that fails takes nothing of the others along."""
        self._connection.execute("SAVEPOINT one")
        try:
            write.result = write.action(self._connection)
        except BaseException as error:  # whatever it is belongs to the one who waits; this thread goes on
            if not self._connection.in_transaction:
                raise  # the disk is full: SQLite has undone everybody's
            write.error = error
            self._connection.execute("ROLLBACK TO one")
        self._connection.execute("RELEASE one")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        return connection


def _migrate(connection: sqlite3.Connection, schema: Schema, name: str) -> None:
    """Bring one part's tables to the version that this program knows; all steps or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS schema (name TEXT PRIMARY KEY, version INTEGER NOT NULL)")
        row = connection.execute("SELECT version FROM schema WHERE name = ?", (schema.name,)).fetchone()
        version = row[0] if row else 0
        if version > len(schema.steps):
            raise DatabaseError(
                f"{name} was written by a newer version of this program. Use that one, or another --base-directory."
            )
        for step in schema.steps[version:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute("INSERT OR REPLACE INTO schema VALUES (?, ?)", (schema.name, len(schema.steps)))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> list[str]:
    """The statements of a script one by one: `executescript` would commit what is open."""
    found, begun = [], ""
    for piece in script.split(";"):
        begun += f"{piece};"
        if sqlite3.complete_statement(begun):
            found.append(begun.strip())
            begun = ""
    return [statement for statement in found if statement != ";"]


def _unusable(path: Path, error: OSError | sqlite3.Error) -> DatabaseError:
    reason = (error.strerror if isinstance(error, OSError) else None) or error
    return DatabaseError(
        f"{path.name}, where the queue is kept, cannot be used ({reason}). If it is damaged, end the server and move "
        "it away: the queue and its history begin anew, the pictures stay."
    )
