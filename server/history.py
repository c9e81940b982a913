"""Looking at jobs, at what happened to them and at what they made."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from server.database import Database
from server.events import Message
from server.jobs import Job, Output, State
from server.records import LISTED, WHOLE, Transaction, read_job, read_message, read_output
from server.turns import in_turn

EVENTS = "SELECT event.*, job.id AS job_id FROM event LEFT JOIN job ON job.number = event.job"
OUTPUTS = "SELECT output.*, job.id AS job_id FROM output LEFT JOIN job ON job.number = output.job"


@dataclass
class Made:
    """What one job made: its files, and as ``{"node", "text", …}`` what its nodes showed that is no file."""

    files: list[Output] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)


class History:
    """What the database knows of jobs. Nothing here changes anything."""

    def __init__(self, database: Database):
        self._database = database

    async def job(self, job_id: str) -> Job | None:
        """The job of this id, whole."""
        rows = await self._rows(f"SELECT {WHOLE} FROM job WHERE id = ?", (job_id,))
        return read_job(rows[0]) if rows else None

    async def jobs(
        self,
        states: Iterable[State] | None = None,
        client: str | None = None,
        search: str | None = None,
        limit: int = 50,
        before: int | None = None,
        offset: int = 0,
        newest_first: bool = True,
        whole: bool = True,
    ) -> tuple[list[Job], int]:
        """Jobs in the order in which they were accepted, and how many there are beside ``limit`` and ``before``.

        ``before`` is the number of the last job of the page before this one. ``search`` looks for a text in titles,
        ids, clients and names of models. Without ``whole`` documents are left out.
        """
        conditions, values = _conditions(states, client, search)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        page = where
        cut: list[str | int] = [*values]
        if before is not None:
            page = f"{where} {'AND' if where else 'WHERE'} number {'<' if newest_first else '>'} ?"
            cut.append(before)
        order = "DESC" if newest_first else "ASC"

        def look(connection: sqlite3.Connection) -> tuple[list[Job], int]:
            rows = connection.execute(
                f"SELECT {WHOLE if whole else LISTED} FROM job{page} ORDER BY number {order} LIMIT ? OFFSET ?",
                (*cut, limit, offset),
            )
            found = [read_job(row) for row in rows]
            return found, connection.execute(f"SELECT count(*) FROM job{where}", values).fetchone()[0]

        return await self._database.read(look)

    async def queued(self, limit: int = 100, offset: int = 0, whole: bool = False) -> list[Job]:
        """Waiting jobs in the order in which they will go."""

        def look(connection: sqlite3.Connection) -> list[Job]:
            numbers = in_turn(Transaction(connection, 0.0), offset + limit)[offset:]
            rows = connection.execute(
                f"SELECT {WHOLE if whole else LISTED} FROM (SELECT key AS nth, value AS number FROM json_each(?))"
                " JOIN job USING (number) ORDER BY nth",
                (json.dumps(numbers),),
            )
            return [read_job(row) for row in rows]

        return await self._database.read(look)

    async def numbered(self, numbers: Iterable[int], state: State) -> list[Job]:
        """The jobs of these numbers that are in a state, whole, in the order of the numbers given."""
        rows = await self._rows(
            f"SELECT {WHOLE} FROM (SELECT key AS nth, value AS number FROM json_each(?)) JOIN job USING (number)"
            " WHERE state = ? ORDER BY nth",
            (json.dumps(list(numbers)), state),
        )
        return [read_job(row) for row in rows]

    async def events(self, after: int = 0, job: str | None = None, limit: int = 1000) -> list[Message]:
        """Events that are kept, after a number, of one job or of all, the oldest first."""
        if job is None:
            rows = await self._rows(f"{EVENTS} WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))
        else:
            rows = await self._rows(f"{EVENTS} WHERE job.id = ? AND seq > ? ORDER BY seq LIMIT ?", (job, after, limit))
        return [read_message(row) for row in rows]

    async def last_event(self) -> int:
        """The number of the newest event that is kept."""
        rows = await self._rows("SELECT seq FROM sqlite_sequence WHERE name = 'event'", ())
        return rows[0]["seq"] if rows else 0

    async def outputs(self, job_id: str) -> list[Output]:
        """The files of a job, in the order in which they were made."""
        rows = await self._rows(f"{OUTPUTS} WHERE job.id = ? AND pending IS NULL ORDER BY output.number", (job_id,))
        return [read_output(row) for row in rows]

    async def made_by(self, jobs: Iterable[Job]) -> dict[str, Made]:
        """What several jobs made, by their ids: read at once, however many they are."""
        ids = {job.number: job.id for job in jobs}
        numbers = (json.dumps(list(ids)),)
        found = {job_id: Made() for job_id in ids.values()}

        def look(connection: sqlite3.Connection) -> None:
            for row in connection.execute(
                f"{OUTPUTS} WHERE output.job IN (SELECT value FROM json_each(?)) AND pending IS NULL"
                " ORDER BY output.number",
                numbers,
            ):
                found[row["job_id"]].files.append(read_output(row))
            for row in connection.execute(
                "SELECT job, data FROM event WHERE job IN (SELECT value FROM json_each(?))"
                " AND type IN ('node_finished', 'node_skipped') AND instr(data, '\"text\"') ORDER BY seq",
                numbers,
            ):
                shown = json.loads(row["data"]).get("artifacts", ())
                found[ids[row["job"]]].texts.extend(artifact for artifact in shown if "text" in artifact)

        await self._database.read(look)
        return found

    async def output_by_hash(self, sha256: str) -> Output | None:
        """A file with this content, the newest if there are several."""
        rows = await self._rows(
            f"{OUTPUTS} WHERE sha256 = ? AND pending IS NULL ORDER BY output.number DESC LIMIT 1", (sha256,)
        )
        return read_output(rows[0]) if rows else None

    async def _rows(self, statement: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
        return await self._database.read(lambda connection: connection.execute(statement, values).fetchall())


def _conditions(states: Iterable[State] | None, client: str | None, search: str | None) -> tuple[list[str], list[str]]:
    conditions: list[str] = []
    values: list[str] = []
    if states is not None:
        names = [state.value for state in states]
        conditions.append(f"state IN ({', '.join('?' * len(names))})")
        values += names
    if client is not None:
        conditions.append("client = ?")
        values.append(client)
    if search:
        conditions.append(
            "(instr(lower(title), ?) OR instr(id, ?) OR instr(lower(client), ?) OR instr(lower(models), ?))"
        )
        values += [search.lower()] * 4
    return conditions, values
