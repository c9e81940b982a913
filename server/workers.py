"""One worker process as the server sees it: two pipes, a log, and an end that is put into words."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from server.protocol import BadFrame, Frame, pack, receive

Hear = Callable[[Frame], Awaitable[None]]
CRASHES = frozenset({"SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"})
LINES = 500  # of a worker's log that are kept
LONGEST = 2000  # characters of a line of it
CHUNK = 1 << 16
LAST_WORDS = 5.0  # seconds for a process whose pipe has ended to end itself


class Pipes(SubprocessStreamProtocol):
    """Says when the process has ended, where something that it started may still hold its pipes open."""

    def __init__(self) -> None:
        super().__init__(limit=CHUNK, loop=asyncio.get_running_loop())
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()


class WorkerProcess:
    """Begins with `start`; `gone` is over when it has ended, and `epitaph` then says how."""

    def __init__(self, process: Process, exited: asyncio.Event, hear: Hear, log: deque[str]):
        self._process, self._exited, self._hear, self._log = process, exited, hear, log
        self._verdict = ""
        self._said = asyncio.create_task(self._read_log())
        self.gone: asyncio.Task[None] = asyncio.create_task(self._live())

    @classmethod
    async def start(cls, command: Sequence[str], hear: Hear, log: deque[str]) -> WorkerProcess:
        """Start a process, in a group of its own: what it starts ends with it. Raises OSError.

        ``hear`` is given one message after the other, and the next one is read when it has returned.
        """
        group: dict[str, Any] = {} if sys.platform == "win32" else {"process_group": 0}
        loop = asyncio.get_running_loop()
        transport, pipes = await loop.subprocess_exec(Pipes, *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, **group)
        return cls(Process(transport, pipes, loop), pipes.exited, hear, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def epitaph(self) -> str:
        """How it ended, as what follows "the worker"."""
        return self._verdict or in_words(self._process.returncode)

    def send(self, kind: str, **members: Any) -> None:
        """Send a message; a process that has ended does not hear it."""
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(pack(kind, members))

    def kill(self, verdict: str) -> None:
        """End it now, for this reason."""
        if self._process.returncode is None and not self._verdict:
            self._verdict = verdict
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self.pid, signal.SIGKILL)

    async def stop(self, patience: float) -> None:
        """Ask it to end; kill it if it has not within so many seconds."""
        self.send("stop")
        assert self._process.stdin is not None
        self._process.stdin.close()
        await asyncio.wait({self.gone}, timeout=patience)
        self.kill("did not end when it was asked to")
        await self.gone

    async def _live(self) -> None:
        """Listen until it has ended, and all that it started; raises what the server could not take in."""
        listening, exiting = asyncio.create_task(self._listen()), asyncio.create_task(self._exited.wait())
        await asyncio.wait({listening, exiting}, return_when=asyncio.FIRST_COMPLETED)
        if not exiting.done():
            await asyncio.wait({exiting}, timeout=LAST_WORDS)
        self.kill("closed its pipe and did not end")
        await exiting
        try:
            await listening
        finally:
            await self._said

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            while (frame := await receive(self._process.stdout)) is not None:
                await self._hear(frame)
        except BadFrame as error:
            self.kill(f"said something that is no message ({error})")
        except Exception:
            self.kill("was ended, because the server could not take in what it said")
            raise

    async def _read_log(self) -> None:
        assert self._process.stderr is not None
        begun = ""
        while chunk := await self._process.stderr.read(CHUNK):
            *lines, begun = (begun + chunk.decode(errors="replace")).split("\n")
            self._log.extend(line.rpartition("\r")[2][:LONGEST] for line in lines)  # of a progress bar its last state
            begun = begun[-LONGEST:]
        if begun:
            self._log.append(begun)


def in_words(returncode: int | None) -> str:
    """How a process ended, as what follows "the worker"."""
    if returncode is None:
        return "is still running"
    if returncode >= 0:
        return f"ended by itself with code {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = f"signal {-returncode}"
    if name in CRASHES:
        return f"crashed in native code ({name})"
    if name == "SIGKILL":
        return "was killed, perhaps because the machine ran out of memory"
    return f"was ended from outside ({name})"
