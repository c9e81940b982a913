"""What the queue holds, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where a job stands. `INTERRUPTED` waits for a person: it died with its process, and that may happen again."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to the job unless a person asks for it."""
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """A document that somebody wants run, and how far that has come. Times are seconds since 1970."""

    id: str
    number: int
    """Counts accepted jobs; listings are cut and go on by it."""
    state: State
    client: str = ""
    priority: int = 0
    """Higher goes first."""
    order: float = 0.0
    """Lower goes first, within a priority and the turns of one client."""
    attempt: int = 0
    """How often it was begun."""
    max_attempts: int = 3
    document: str = ""
    """JSON text as it was given; empty in listings that were asked for without."""
    editor_text: str | None = None
    """The public editor's JSON text of the same workflow, where the client sent one; None in such listings."""
    title: str = ""
    targets: tuple[str, ...] | None = None
    models: tuple[str, ...] = ()
    """Names of the model files it needs: a worker that holds them is the better one."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """What the edge that accepted it wants to remember."""
    timeout: float | None = None
    """Seconds that one attempt may take."""
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    worker: str | None = None
    device: str | None = None
    cancelling: bool = False
    """Somebody asked to stop it, and its worker has not yet."""
    error: Mapping[str, Any] | None = None
    """``message`` is a sentence; ``node`` and ``type`` where they are known."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a queued job is not running yet. ``position`` counts from 1: how many starts away it is."""

    position: int
    eta: float | None
    """Seconds until it starts, judged by recent jobs; None where nothing is known."""
    reason: str


@dataclass(frozen=True, slots=True)
class Output:
    """A file that a job made, or found made already. ``name`` has forward slashes and lies inside its folder."""

    job: str | None
    """None when the job was forgotten; its pictures stay."""
    node: str
    item: int
    index: int
    name: str
    kind: str
    """Which folder: ``output``, ``temp`` or ``input``."""
    sha256: str | None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None


class QueueError(Exception):
    """The queue cannot do what it was asked. The message is a sentence for a user."""


class Conflict(QueueError):
    """The id or the idempotency key is taken by another submission."""


class NoSuchJob(QueueError):
    """There is no job of that id."""

    def __init__(self, job_id: str):
        super().__init__(f"There is no job {job_id!r}. It may have been removed from the history.")


class WrongState(QueueError):
    """The job is in a state in which this cannot be done to it."""
