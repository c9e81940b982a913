"""The last lines of the server's log, as ``/internal/logs`` shows them. Tracebacks stay in the log itself."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

KEPT = 300  # lines
LOGGER = "patchbay"


class Logs(logging.Handler):
    """Keeps the last lines and hands new ones to clients who want them. Belongs to one event loop."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[tuple[int, dict[str, str]]] = deque(maxlen=KEPT)
        self._count = 0
        self._wanted: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(record.created))
        self._count += 1
        self._lines.append((self._count, {"t": moment, "m": f"{record.getMessage()}\n"}))
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def entries(self) -> list[dict[str, str]]:
        """The last lines, the oldest first."""
        return [entry for _, entry in self._lines]

    def subscribe(self, client: str, *, wanted: bool) -> None:
        """Begin or end to hand lines to a client."""
        (self._wanted.add if wanted else self._wanted.discard)(client)
        self._wake()

    async def lines(self, client: str) -> AsyncIterator[list[Any]]:
        """New lines for a client, while it wants them."""
        self._loop = asyncio.get_running_loop()
        seen = self._count
        while True:
            woken = self._woken
            if client not in self._wanted:
                seen = self._count
            elif seen < self._count:
                fresh = [entry for number, entry in self._lines if number > seen]
                seen = self._count
                yield fresh
                continue
            await woken.wait()

    def _wake(self) -> None:
        self._woken.set()
        self._woken = asyncio.Event()


LOGS: web.AppKey[Logs] = web.AppKey("public logs", Logs)


async def keep_logs(app: web.Application) -> AsyncIterator[None]:
    """Listen to the log for as long as the application runs."""
    logger = logging.getLogger(LOGGER)
    logger.addHandler(app[LOGS])
    yield
    logger.removeHandler(app[LOGS])
