"""Where the progress of the public class that is running goes: its bars know no node, so the call does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from graph.reporting import Progress

_current: ContextVar[Progress | None] = ContextVar("progress of the running class", default=None)


@contextmanager
def reporting_to(progress: Progress) -> Iterator[None]:
    """Let bars that are made meanwhile report here."""
    before = _current.set(progress)
    try:
        yield
    finally:
        _current.reset(before)


def current() -> Progress | None:
    """The progress of the node that is running in this thread or task."""
    return _current.get()


def _shown_by(preview: Any) -> Callable[[], Any] | None:
    """The picture in what classes hand over, ``(format, picture, longest side)``."""
    picture = preview[1] if isinstance(preview, (tuple, list)) and len(preview) > 1 else None
    return None if picture is None else lambda: picture


class ProgressBar:
    """What public classes count their steps with."""

    def __init__(self, total: int, node_id: str | None = None):
        self.total, self.current = total, 0

    def update(self, value: int) -> None:
        """So many steps more are done."""
        self.update_absolute(self.current + value)

    def update_absolute(self, value: int, total: int | None = None, preview: Any = None) -> None:
        """So many steps are done. Raises where the run was stopped."""
        self.total = self.total if total is None else total
        self.current = min(value, self.total)
        progress = current()
        if progress is not None:
            progress(self.current, self.total, _shown_by(preview))
