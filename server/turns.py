"""In which order jobs wait.

Higher priority first. Within a priority, jobs that a person put at the front; then the clients in turn, each with its
own line. A job that was put before another one waits in that one's line. Whoever joins, joins behind all whose turn is
still to come, so nobody waits longer than one round for a turn.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Set

from server.records import Transaction

FRONT = ""
AHEAD = 8  # jobs that a worker looks at, for one whose models it holds
PATIENCE = 3  # how often a job lets another one go before it for that
BESIDE = ("loras/", "hypernetworks/", "upscale_models/")
"""Models that are no reason to choose a worker: none holds them, each reads and applies them anew, which is quick."""


def line_of(client: str) -> str:
    """The line in which a client's jobs wait."""
    return f"/{client}"


def choose(change: Transaction, resident: Set[str]) -> int | None:
    """The number of the job that goes next on a worker that holds these models, None where none waits."""
    priority = change.one("SELECT priority FROM line ORDER BY priority DESC LIMIT 1")
    if priority is None:
        return None
    candidates = _next_jobs(change, priority, AHEAD if resident else 1)
    chosen = 0
    if candidates[0]["line"] != FRONT:
        chosen = next((place for place, row in enumerate(candidates) if _suits(row, resident)), 0)
    for row in candidates[:chosen]:
        change.run("UPDATE job SET passed = passed + 1 WHERE number = ?", (row["number"],))
    return candidates[chosen]["number"]


def take_turn(change: Transaction, number: int) -> None:
    """Put the line of a waiting job behind all others of its priority: one of its jobs goes now."""
    row = _waiting(change, number)
    if row["line"] != FRONT:
        change.run(
            "UPDATE line SET turn = 1 + (SELECT max(turn) FROM line WHERE priority = :priority)"
            " WHERE priority = :priority AND name = :line",
            {"priority": row["priority"], "line": row["line"]},
        )


def front_place(change: Transaction, priority: int) -> float:
    """Before all that were put at the front."""
    first = change.one(
        "SELECT min(place) FROM job WHERE state = 'queued' AND priority = ? AND line = ?", (priority, FRONT)
    )
    return 0.0 if first is None else first - 1


def back_place(change: Transaction, priority: int, line: str, number: int) -> float:
    """Behind all that wait in the line, and behind what left it and may come back."""
    last = change.one(
        "SELECT max(place) FROM job WHERE state = 'queued' AND priority = ? AND line = ?", (priority, line)
    )
    return float(number) if last is None else max(float(number), last + 1)


def place_before(change: Transaction, number: int) -> tuple[int, str, float]:
    """Priority, line and place of one that goes directly before this waiting job."""
    row = _waiting(change, number)
    priority, line, place = row["priority"], row["line"], row["place"]
    previous = change.one(
        "SELECT place FROM job WHERE state = 'queued' AND priority = ? AND line = ? AND (place, number) < (?, ?)"
        " ORDER BY place DESC, number DESC LIMIT 1",
        (priority, line, place, number),
    )
    if previous is None:
        return priority, line, place - 1
    between = (previous + place) / 2
    if previous < between < place:
        return priority, line, between
    _spread(change, priority, line)
    return place_before(change, number)


def position(change: Transaction, number: int) -> int:
    """How many starts away a waiting job is, counted from 1, if nothing else comes or goes."""
    row = _waiting(change, number)
    priority, line = row["priority"], row["line"]
    higher = change.one("SELECT coalesce(sum(waiting), 0) FROM line WHERE priority > ?", (priority,))
    before = change.one(
        "SELECT count(*) FROM job WHERE state = 'queued' AND priority = ? AND line = ? AND (place, number) < (?, ?)",
        (priority, line, row["place"], number),
    )
    if line == FRONT:
        return higher + before + 1
    others = change.one(
        "SELECT coalesce(sum(CASE WHEN name = :front THEN waiting ELSE min(waiting, :before + (turn < :turn)) END), 0)"
        " FROM line WHERE priority = :priority AND name <> :line",
        {"front": FRONT, "before": before, "turn": row["turn"], "priority": priority, "line": line},
    )
    return higher + before + others + 1


def in_turn(change: Transaction, limit: int) -> list[int]:
    """The numbers of the jobs that go next, if nothing else comes or goes."""
    found: list[int] = []
    for row in change.run("SELECT DISTINCT priority FROM line ORDER BY priority DESC").fetchall():
        if len(found) < limit:
            found += [job["number"] for job in _next_jobs(change, row["priority"], limit - len(found))]
    return found


def _next_jobs(change: Transaction, priority: int, limit: int) -> list[sqlite3.Row]:
    """The first few jobs of a priority as they go; reads few more than that from each line."""
    lines = change.run(
        "SELECT name, waiting FROM line WHERE priority = ? ORDER BY turn LIMIT ?", (priority, limit)
    ).fetchall()
    front = _first_of(change, priority, FRONT, limit) if lines[0]["name"] == FRONT else []
    lines = [line for line in lines if line["name"] != FRONT]
    rounds = _rounds([line["waiting"] for line in lines], limit - len(front))
    return [*front, *_in_rounds([_first_of(change, priority, line["name"], rounds) for line in lines])][:limit]


def _first_of(change: Transaction, priority: int, line: str, limit: int) -> list[sqlite3.Row]:
    return change.run(
        "SELECT number, line, models, passed FROM job WHERE state = 'queued' AND priority = ? AND line = ?"
        " ORDER BY place, number LIMIT ?",
        (priority, line, limit),
    ).fetchall()


def _rounds(waiting: list[int], wanted: int) -> int:
    """After how many rounds so many jobs, or all, have had their turn."""
    rounds = served = 0
    remaining = sorted(waiting)
    while remaining and served < wanted:
        step = min(remaining[0] - rounds, -(-(wanted - served) // len(remaining)))
        rounds, served = rounds + step, served + step * len(remaining)
        remaining = [count for count in remaining if count > rounds]
    return rounds


def _in_rounds(lines: list[list[sqlite3.Row]]) -> Iterator[sqlite3.Row]:
    """The first of each line, then the second of each …"""
    for turn in range(max(map(len, lines), default=0)):
        yield from (line[turn] for line in lines if turn < len(line))


def _suits(row: sqlite3.Row, resident: Set[str]) -> bool:
    """Whether a worker with these models should take the job, or it has let enough others go before."""
    models = {model for model in json.loads(row["models"]) if not model.startswith(BESIDE)}
    return row["passed"] >= PATIENCE or (bool(models) and models <= resident)


def _waiting(change: Transaction, number: int) -> sqlite3.Row:
    return change.run(
        "SELECT job.priority, job.line, job.place, line.turn FROM job"
        " JOIN line ON line.priority = job.priority AND line.name = job.line WHERE job.number = ?",
        (number,),
    ).fetchone()


def _spread(change: Transaction, priority: int, line: str) -> None:
    """Give the jobs of a line whole places again: there is no number left between two of them."""
    change.run(
        "UPDATE job SET place = spread.place FROM ("
        " SELECT number, max(place) OVER () - count(*) OVER () + row_number() OVER (ORDER BY place, number) AS place"
        " FROM job WHERE state = 'queued' AND priority = ? AND line = ?"
        ") AS spread WHERE job.number = spread.number",
        (priority, line),
    )
