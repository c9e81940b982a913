"""Jobs, events and outputs as rows, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from server.events import Message
from server.jobs import Job, NoSuchJob, Output, State, WrongState

LISTED = (
    "number, id, state, client, priority, place, attempt, max_attempts, title, targets, models, origin, timeout,"
    " created, started, finished, worker, device, cancelling, error"
)
WHOLE = f"{LISTED}, document, editor_text"
ARTIFACT = ("kind", "name", "sha256", "media_type", "width", "height", "bytes")


class Transaction:
    """One change of the queue: what it writes, and what it will tell once that is on disk."""

    def __init__(self, connection: sqlite3.Connection, now: float):
        self.now = now
        self.messages: list[Message] = []
        self._connection = connection

    def run(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> sqlite3.Cursor:
        """Execute one statement."""
        return self._connection.execute(statement, values)

    def one(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.run(statement, values).fetchone()
        return row[0] if row else None

    def find(self, job_id: str) -> Job | None:
        return self._job("id", job_id)

    def job(self, job_id: str) -> Job:
        """Raises NoSuchJob."""
        job = self.find(job_id)
        if job is None:
            raise NoSuchJob(job_id)
        return job

    def job_numbered(self, number: int) -> Job:
        """Raises NoSuchJob."""
        job = self._job("number", number)
        if job is None:
            raise NoSuchJob(str(number))
        return job

    def waiting_job(self, job_id: str) -> Job:
        """Raises NoSuchJob, and WrongState where it does not wait."""
        job = self.job(job_id)
        if job.state is not State.QUEUED:
            raise WrongState(f"Job {job_id!r} is {job.state} and does not wait any more.")
        return job

    def jobs_in(self, state: State) -> list[Job]:
        """All in one state, in the order in which they were accepted."""
        rows = self.run(f"SELECT {LISTED} FROM job WHERE state = ? ORDER BY number", (state,))
        return [read_job(row) for row in rows]

    def ended_before(self, limit: float | None) -> list[Job]:
        """All that ended, before this time if one is given."""
        rows = self.run(f"SELECT {LISTED} FROM job WHERE finished IS NOT NULL AND finished < ?", (limit or 1e12,))
        return [read_job(row) for row in rows]

    def tell(self, job: Job | None, kind: str, content: Mapping[str, Any] | None = None) -> None:
        """Number an event and keep it."""
        content = content or {}
        values = (job.number if job else None, self.now, kind, write_json(content))
        seq = self.run("INSERT INTO event (job, time, type, data) VALUES (?, ?, ?, ?)", values).lastrowid
        self.messages.append(Message(seq, job.id if job else content.get("job"), self.now, kind, content))

    def update(self, job: Job, **values: Any) -> None:
        """Set columns of a job."""
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        self.run(f"UPDATE job SET {assignments} WHERE number = :number", values | {"number": job.number})

    def add_artifacts(self, job: Job, artifacts: Iterable[Mapping[str, Any]]) -> None:
        """Note files that a node made or found made; a file that was published is noted already."""
        for artifact in artifacts:
            if "name" not in artifact:
                continue  # a text
            row = {name: artifact.get(name) for name in ARTIFACT}
            if self._is_listed(job, row):
                continue
            if row["sha256"] is None:
                row |= self._known_file(row)
            row |= {"job": job.number, "node": artifact["node"], "item": artifact["item"], "place": artifact["index"]}
            self.upsert_output(row, ARTIFACT)

    def upsert_output(self, row: Mapping[str, Any], changed: Iterable[str]) -> None:
        """Note a file as what this run of this node saved at this place; of another one there, change these columns."""
        again = ", ".join(f"{column} = excluded.{column}" for column in changed)
        self.insert("output", row, f"ON CONFLICT (job, node, item, kind, place) DO UPDATE SET {again}")

    def insert(self, table: str, columns: Mapping[str, Any], otherwise: str = "") -> None:
        """``INSERT`` of one row."""
        named = ", ".join(f":{name}" for name in columns)
        self.run(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({named}) {otherwise}", columns)

    def _job(self, column: str, value: str | int) -> Job | None:
        row = self.run(f"SELECT {WHOLE} FROM job WHERE {column} = ?", (value,)).fetchone()
        return read_job(row) if row else None

    def _is_listed(self, job: Job, row: Mapping[str, Any]) -> bool:
        found = "SELECT 1 FROM output WHERE kind = ? AND name = ? AND job = ?"
        return self.one(found, (row["kind"], row["name"], job.number)) is not None

    def _known_file(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What is known of a file that another job saved."""
        found = self.run(
            f"SELECT {', '.join(ARTIFACT)} FROM output WHERE kind = ? AND name = ? AND sha256 IS NOT NULL"
            " ORDER BY number DESC LIMIT 1",
            (row["kind"], row["name"]),
        ).fetchone()
        return dict(found) if found else {}


def read_job(row: sqlite3.Row) -> Job:
    columns = row.keys()
    return Job(
        id=row["id"],
        number=row["number"],
        state=State(row["state"]),
        client=row["client"],
        priority=row["priority"],
        order=row["place"],
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        document=row["document"] if "document" in columns else "",
        editor_text=row["editor_text"] if "editor_text" in columns else None,
        title=row["title"],
        targets=None if row["targets"] is None else tuple(json.loads(row["targets"])),
        models=tuple(json.loads(row["models"])),
        origin=json.loads(row["origin"]),
        timeout=row["timeout"],
        created=row["created"],
        started=row["started"],
        finished=row["finished"],
        worker=row["worker"],
        device=row["device"],
        cancelling=bool(row["cancelling"]),
        error=None if row["error"] is None else json.loads(row["error"]),
    )


def read_message(row: sqlite3.Row) -> Message:
    """A row of event with the id of its job as ``job_id``."""
    content = json.loads(row["data"])
    return Message(row["seq"], row["job_id"] or content.get("job"), row["time"], row["type"], content)


def read_output(row: sqlite3.Row) -> Output:
    """A row of output with the id of its job as ``job_id``."""
    return Output(
        job=row["job_id"],
        node=row["node"],
        item=row["item"],
        index=row["place"],
        name=row["name"],
        kind=row["kind"],
        sha256=row["sha256"],
        media_type=row["media_type"],
        width=row["width"],
        height=row["height"],
        bytes=row["bytes"],
    )


def write_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
