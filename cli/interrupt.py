"""Ctrl-C: the first one stops the run where it next looks, the second one ends the program at once."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cli.errors import ExitCode


@contextmanager
def cancel_on_interrupt() -> Iterator[threading.Event]:
    """An event that Ctrl-C, or a polite request to terminate, sets."""
    cancel = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if cancel.is_set():
            os._exit(ExitCode.CANCELLED)  # half-written files have pending names; nothing else needs tidying
        cancel.set()
        os.write(2, b"\nstopping; Ctrl-C once more ends at once\n")  # print could meet itself here

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
