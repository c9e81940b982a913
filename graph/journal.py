"""What each node's key was made of when it last ran, on disk, so that the next process can say what changed."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from graph.workflow import NodeId

Outcome = Literal["ran", "skipped", "failed"]
LAYOUT = 1  # raised whenever what is written changes; records of another layout are forgotten


@dataclass(frozen=True, slots=True)
class Parts:
    """What a node's key is made of, in words: enough to say what changed, not to compute the key."""

    type: str
    version: int
    values: Mapping[str, tuple[str, str]]
    """Literals: (digest, how to show it)."""
    links: Mapping[str, tuple[NodeId, int]]
    choices: Mapping[str, str]
    """Identities of what choices stand for, by name."""
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The last run of a node: what its key was made of, what became of it, and why."""

    parts: Parts
    outcome: Outcome
    reason: str
    time: float


class Journal:
    """Records of the nodes of one workflow. Several processes may share the file."""

    def __init__(self, path: Path, workflow: str):
        """``workflow`` is what tells this workflow's records from others', for instance the name of its file."""
        self._workflow = workflow
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = _open(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # it is no database; it only says what happened before, so begin anew
            path.replace(path.with_name(f"{path.name}.damaged"))
            self._connection = _open(path)

    def of(self, workflow: str) -> Journal:
        """The records of another workflow in the same file."""
        other = copy(self)
        other._workflow = workflow
        return other

    def records(self) -> dict[NodeId, Record]:
        """The last record of every node of this workflow."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT node, parts, outcome, reason, time FROM records WHERE workflow = ?", (self._workflow,)
            ).fetchall()
        return {node: Record(_read_parts(parts), outcome, reason, when) for node, parts, outcome, reason, when in rows}

    def state(self) -> str:
        """What `write` was last told to be the state of the whole workflow."""
        with self._lock:
            asked = self._connection.execute("SELECT state FROM states WHERE workflow = ?", (self._workflow,))
            row = asked.fetchone()
        return row[0] if row else ""

    def write(self, records: Iterable[tuple[NodeId, Parts, Outcome, str]], state: str = "") -> None:
        """Record the nodes of a run, each as (node, parts, outcome, why), and the state of the whole workflow."""
        now = time.time()
        rows = [
            (self._workflow, node, _write_parts(parts), outcome, reason, now)
            for node, parts, outcome, reason in records
        ]
        with (
            self._lock,
            suppress(sqlite3.OperationalError),
            self._connection as connection,
        ):  # no run fails for its diary
            connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.execute("INSERT OR REPLACE INTO states VALUES (?, ?)", (self._workflow, state))


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last entries, not the file
        with connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != LAYOUT:
                connection.execute("DROP TABLE IF EXISTS records")
                connection.execute("DROP TABLE IF EXISTS states")
                connection.execute(f"PRAGMA user_version = {LAYOUT}")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS records (workflow TEXT, node TEXT, parts TEXT, outcome TEXT, reason TEXT,"
                " time REAL, PRIMARY KEY (workflow, node))"
            )
            connection.execute("CREATE TABLE IF NOT EXISTS states (workflow TEXT PRIMARY KEY, state TEXT)")
    except BaseException:
        connection.close()
        raise
    return connection


def _write_parts(parts: Parts) -> str:
    return json.dumps([parts.type, parts.version, parts.values, parts.links, parts.choices, parts.fingerprint])


def _read_parts(text: str) -> Parts:
    kind, version, values, links, choices, fingerprint = json.loads(text)
    return Parts(
        type=kind,
        version=version,
        values={name: (digest, shown) for name, (digest, shown) in values.items()},
        links={name: (node, output) for name, (node, output) in links.items()},
        choices=choices,
        fingerprint=fingerprint,
    )
