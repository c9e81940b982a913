"""Looking at jobs, at what happened to them and at what they made."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from server.database import Database
from server.events import Message
from server.jobs import Job, Output, State
from server.records import LISTED, WHOLE, Transaction, read_job, read_message, read_output
from server.turns import in_turn

T = TypeVar("T")
EVENTS = "SELECT event.*, job.id AS job_id FROM event LEFT JOIN job ON job.number = event.job"
OUTPUTS = "SELECT output.*, job.id AS job_id FROM output LEFT JOIN job ON job.number = output.job"


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

    async def shown_texts(self, job_id: str) -> list[dict[str, Any]]:
        """What nodes of a job showed that is no file, as ``{"node", "text", …}``, in the order in which they did."""
        rows = await self._rows(
            "SELECT data FROM event JOIN job ON job.number = event.job WHERE job.id = ?"
            " AND event.type IN ('node_finished', 'node_skipped') AND instr(data, '\"text\"') ORDER BY seq",
            (job_id,),
        )
        artifacts = (artifact for row in rows for artifact in json.loads(row["data"]).get("artifacts", ()))
        return [artifact for artifact in artifacts if "text" in artifact]

    async def output_by_hash(self, sha256: str) -> Output | None:
        """A file with this content, the newest if there are several."""
        rows = await self._rows(
            f"{OUTPUTS} WHERE sha256 = ? AND pending IS NULL ORDER BY output.number DESC LIMIT 1", (sha256,)
        )
        return read_output(rows[0]) if rows else None

    async def _rows(self, statement: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
        return await self._read(lambda connection: connection.execute(statement, values).fetchall())

    async def _read(self, action: Callable[[sqlite3.Connection], T]) -> T:
        return await self._database.read(action)


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
