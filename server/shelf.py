"""Documents that the server keeps by name, with their revisions: workflows for good, drafts for a while."""

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from server.database import Database, Schema
from server.refusals import conflict, not_found

FIRST = """
CREATE TABLE shelf (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    saved REAL NOT NULL,
    title TEXT NOT NULL,
    document TEXT,
    PRIMARY KEY (kind, name, revision)
) WITHOUT ROWID;
"""

SHELF = Schema("shelf", (FIRST,))
LAST = "SELECT * FROM shelf WHERE kind = ? AND name = ? ORDER BY revision DESC LIMIT 1"
LISTED = """
SELECT name, revision, saved, title FROM shelf
JOIN (SELECT kind, name, max(revision) AS revision FROM shelf GROUP BY kind, name) USING (kind, name, revision)
WHERE kind = ? AND document IS NOT NULL ORDER BY saved DESC
"""
ANY = -1
"""Instead of a revision: whichever is there, or none."""


@dataclass(frozen=True)
class Kept:
    """One revision of a document; without a text it is the one that says that it was removed."""

    name: str
    revision: int
    saved: float
    title: str
    text: str | None


class Shelf:
    """Documents of one kind. Nothing is overwritten: each writing is a revision of its own."""

    def __init__(self, database: Database, kind: str, called: str, *, most_revisions: int | None = None):
        """``called`` is what sentences call one; with ``most_revisions`` older ones go, and a removed one wholly."""
        self._database, self._kind, self._called, self._most = database, kind, called, most_revisions

    async def all(self) -> list[dict[str, Any]]:
        """All that are there, the newest first, without their content."""
        rows = await self._database.read(lambda connection: connection.execute(LISTED, (self._kind,)).fetchall())
        return [{key: row[key] for key in ("name", "revision", "saved", "title")} for row in rows]

    async def get(self, name: str, revision: int | None = None) -> Kept:
        """A document, or one of its revisions. Raises Refused where there is none."""

        def look(connection: sqlite3.Connection) -> Kept | None:
            if revision is None:
                return self._last(connection, name)
            row = connection.execute(
                "SELECT * FROM shelf WHERE kind = ? AND name = ? AND revision = ?", (self._kind, name, revision)
            ).fetchone()
            return _kept(row)

        found = await self._database.read(look)
        if found is None or found.text is None:
            what = f"revision {revision} of the {self._called}" if revision is not None else f"{self._called}"
            raise not_found(f"there is no {what} {name[:100]!r}")
        return found

    async def put(self, name: str, text: str, title: str, expected: int | None = ANY) -> Kept:
        """Write the next revision. Raises Refused (409) unless ``expected`` is the one that is there, None for none."""

        def write(connection: sqlite3.Connection) -> Kept:
            number = self._expect(connection, name, expected)
            return self._write(connection, Kept(name, number + 1, time.time(), title, text))

        return await self._database.write(write)

    async def remove(self, name: str, expected: int | None = ANY) -> None:
        """Take a document away. Raises Refused where it is not there, or not the revision that is expected."""

        def write(connection: sqlite3.Connection) -> None:
            number = self._expect(connection, name, expected)
            last = self._last(connection, name)
            if last is None or last.text is None:
                raise not_found(f"there is no {self._called} {name[:100]!r}")
            if self._most is None:
                self._write(connection, Kept(name, number + 1, time.time(), last.title, None))
            else:
                connection.execute("DELETE FROM shelf WHERE kind = ? AND name = ?", (self._kind, name))

        await self._database.write(write)

    async def revisions(self, name: str) -> list[dict[str, Any]]:
        """What was saved under a name, the newest first. Raises Refused where nothing ever was."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT revision, saved, title, document IS NULL AS removed FROM shelf WHERE kind = ? AND name = ?"
                " ORDER BY revision DESC",
                (self._kind, name),
            ).fetchall()
        )
        if not rows:
            raise not_found(f"there is no {self._called} {name[:100]!r}")
        return [
            {"revision": row["revision"], "saved": row["saved"], "title": row["title"], "removed": bool(row["removed"])}
            for row in rows
        ]

    def _expect(self, connection: sqlite3.Connection, name: str, expected: int | None) -> int:
        """The number of the last revision, 0 where nothing was ever saved. Raises Refused."""
        last = self._last(connection, name)
        number = last.revision if last else 0
        there = number if last and last.text is not None else None
        if expected not in (ANY, there):
            said = f"is at revision {there} now" if there else "is not there any more"
            raise conflict(
                "other_revision",
                f"the {self._called} {name[:100]!r} {said}: somebody else wrote it since",
                revision=there,
            )
        return number

    def _write(self, connection: sqlite3.Connection, kept: Kept) -> Kept:
        connection.execute(
            "INSERT INTO shelf VALUES (?, ?, ?, ?, ?, ?)",
            (self._kind, kept.name, kept.revision, kept.saved, kept.title, kept.text),
        )
        if self._most is not None:
            connection.execute(
                "DELETE FROM shelf WHERE kind = ? AND name = ? AND revision <= ?",
                (self._kind, kept.name, kept.revision - self._most),
            )
        return kept

    def _last(self, connection: sqlite3.Connection, name: str) -> Kept | None:
        return _kept(connection.execute(LAST, (self._kind, name)).fetchone())


def _kept(row: sqlite3.Row | None) -> Kept | None:
    if row is None:
        return None
    return Kept(row["name"], row["revision"], row["saved"], row["title"], row["document"])
