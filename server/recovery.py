"""What becomes of a job whose process died."""

from __future__ import annotations

from typing import Literal

from server import turns
from server.jobs import Job, State
from server.records import Transaction, write_json

Resume = Literal["auto", "ask", "never"]
TRUSTED = 1  # attempts that may die with their process before a person is asked
KEPT = 24 * 3600.0  # seconds for which events that belong to no job are kept


def lose(change: Transaction, job: Job, reason: str, policy: Resume) -> None:
    """Take a running job from a process that died: it goes on, waits for a person or has failed.

    ``reason`` is what happened to the process, as a sentence.
    """
    if job.cancelling:
        end(change, job, State.CANCELLED)
        return
    deaths = 1 + change.one("SELECT deaths FROM job WHERE number = ?", (job.number,))
    change.update(job, deaths=deaths)
    times = f"{deaths} times in a row" if deaths > 1 else "once"
    if deaths >= job.max_attempts:
        end(change, job, State.FAILED, f"{reason} This has now happened {times}; it is not tried again.")
    elif policy == "never":
        end(change, job, State.FAILED, f"{reason} It is not tried again, as --resume never says.")
    elif policy == "ask" or deaths > TRUSTED:
        end(change, job, State.INTERRUPTED, f"{reason} This has happened {times}: resume it or cancel it.")
    else:
        requeue(change, job, reason)


def give_back(change: Transaction, job: Job, reason: str) -> None:
    """Take a running job from a process that ends in good order."""
    if job.cancelling:
        end(change, job, State.CANCELLED)
        return
    change.update(job, deaths=0)
    requeue(change, job, reason)


def retry(change: Transaction, job: Job) -> None:
    """Let an ended job wait again, behind all of its client. One that was interrupted keeps its deaths in mind."""
    line = turns.line_of(job.client)
    change.update(job, line=line, place=turns.back_place(change, job.priority, line, job.number))
    if job.state is not State.INTERRUPTED:
        change.update(job, deaths=0)
    requeue(change, job, "Somebody asked for it.")


def requeue(change: Transaction, job: Job, reason: str) -> None:
    """Let a job wait again, where it waited before."""
    change.tell(job, "requeued", {"reason": reason, "attempt": job.attempt})
    change.update(
        job, state=State.QUEUED, started=None, finished=None, worker=None, device=None, cancelling=0, error=None
    )


def end(change: Transaction, job: Job, state: State, error: str | None = None) -> None:
    """Bring a job to an end that its worker did not report."""
    described = None if error is None else {"message": error}
    content: dict[str, object] = {}
    if state is State.INTERRUPTED:
        content = {"reason": error}
    elif described is not None:
        content = {"error": described}
    change.tell(job, state.value, content)
    change.update(
        job, state=state, finished=change.now, cancelling=0, error=None if described is None else write_json(described)
    )


def recover(change: Transaction, policy: Resume) -> list[Job]:
    """What a server that begins does with the jobs that its predecessor left running; returns them."""
    running = change.jobs_in(State.RUNNING)
    for job in running:
        lose(change, job, "The server ended while it ran.", policy)
    change.run("DELETE FROM event WHERE job IS NULL AND time < ?", (change.now - KEPT,))
    return [change.job(job.id) for job in running]
