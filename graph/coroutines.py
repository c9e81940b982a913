"""Coroutine nodes side by side, on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

Ticket = TypeVar("Ticket")
PATIENCE = 10.0  # seconds for coroutines to notice that they were cancelled


class Flights(Generic[Ticket]):
    """Coroutines that are running, each with a ticket to know it by."""

    def __init__(self) -> None:
        self._landed: SimpleQueue[tuple[Ticket, Future[Any]]] = SimpleQueue()
        self._flying: set[Future[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._flying)

    def start(self, ticket: Ticket, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Let a coroutine run beside whatever the caller does next."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="coroutine nodes", daemon=True)
            self._thread.start()
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        self._flying.add(future)
        future.add_done_callback(lambda done: self._landed.put((ticket, done)))

    def land(self, timeout: float) -> tuple[Ticket, Future[Any]] | None:
        """One coroutine that has ended, waiting for it up to ``timeout`` seconds; None if there was none."""
        try:
            ticket, future = self._landed.get(timeout=timeout) if timeout else self._landed.get_nowait()
        except Empty:
            return None
        self._flying.discard(future)
        return ticket, future

    def close(self) -> None:
        """Cancel what still runs, wait until it has noticed, and end the thread."""
        if self._loop is None or self._thread is None:
            return
        ending = asyncio.run_coroutine_threadsafe(_end_tasks(), self._loop)
        try:
            ending.result(timeout=PATIENCE)
        except TimeoutError:  # somebody blocks the loop; the thread is a daemon and ends with the process
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=PATIENCE / 2)
