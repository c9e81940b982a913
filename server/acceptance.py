"""Taking a job into the queue, once for every idempotency key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server import turns
from server.jobs import Conflict, Job, State
from server.records import Transaction


def accept(change: Transaction, columns: Mapping[str, Any], *, front: bool, place: float | None) -> tuple[Job, bool]:
    """Insert a job, or find the one that has its key; returns it and whether it is new. Raises Conflict."""
    known = _known(change, columns["key"], columns["digest"])
    if known is not None:
        return known, False
    if change.find(columns["id"]) is not None:
        raise Conflict(f"There is a job {columns['id']!r} already. Leave the id out to get a new one.")
    number = 1 + (change.one("SELECT seq FROM sqlite_sequence WHERE name = 'job'") or 0)
    client, priority = columns["client"], columns["priority"]
    line = turns.FRONT if front else turns.line_of(client)
    if front:
        place = turns.front_place(change, priority)
    elif place is None:
        place = turns.back_place(change, priority, line, number)
    placed = {"number": number, "state": State.QUEUED, "line": line, "place": place, "created": change.now}
    change.insert("job", placed | dict(columns))
    job = change.job_numbered(number)
    change.tell(job, "queued", {"client": client, "priority": priority, "title": columns["title"]})
    return job, True


def _known(change: Transaction, key: str | None, digest: str) -> Job | None:
    """The job that was accepted under this key. Raises Conflict where it was another submission."""
    row = change.run("SELECT id, digest FROM job WHERE key = ?", (key,)).fetchone() if key is not None else None
    if row is None:
        return None
    if row["digest"] != digest:
        raise Conflict(f"The idempotency key {key!r} was used for another submission.")
    return change.job(row["id"])
