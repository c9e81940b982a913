"""``worker``: what `serve` starts for each device. It takes jobs from its standard input and answers on its output.

Three threads: this one runs jobs, one reads the pipe, one says that the process lives. The server may die at any
moment, and this process may be killed at any moment: neither leaves anything behind that a restart does not mend.
"""

import argparse
import ctypes
import itertools
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.errors import CommandError, ExitCode
from cli.jobs import End, Jobs, NotRunnable, Order
from cli.parts import running_registry
from cli.places import places
from server.protocol import BadFrame, Channel, Frame
from workflows.publishing import Pending, describe_file

BEAT = 2.0  # seconds between two signs of life
PATIENCE = 5.0  # seconds for a job to stop once the server is gone
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
FIRST_TO_GO = "500"  # of 1000: when memory runs out, rather this process than the server


def command(arguments: argparse.Namespace) -> int:
    """Serve until the server says stop or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches everybody in the terminal; the server decides
    channel = take_standard_streams()
    if sys.platform == "linux":
        _be_first_to_go()
    try:
        where = places(arguments)
        jobs = Jobs(where, arguments, running_registry(where, arguments))
    except CommandError as error:
        channel.send("refused", reason=str(error))
        return ExitCode.REFUSED
    Worker(channel, jobs).work()
    return ExitCode.DONE


def take_standard_streams() -> Channel:
    """The pipe to the server. Whatever prints from here on writes into the log, and reads nothing."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Channel(incoming, outgoing)


@dataclass
class Running:
    """A job that was ordered, from then to its end."""

    message: Mapping[str, Any]
    cancel: threading.Event = field(default_factory=threading.Event)


class Names:
    """The server gives the files of a job their names: it knows which ones an earlier attempt has saved already."""

    def __init__(self, job: str, ask: Callable[..., Mapping[str, Any]]):
        self._job, self._ask = job, ask

    def publish(self, file: Pending) -> str:
        """As `workflows.publishing.Publisher` says."""
        answer = self._ask("publish", job=self._job, file=file.to_json() | describe_file(file.path))
        if "error" in answer:
            raise OSError(answer["error"])
        return str(answer["name"])


class Worker:
    """Does what comes through the pipe, in order; only signs of life, answers and stopping go past the order."""

    def __init__(self, channel: Channel, jobs: Jobs):
        self._channel, self._jobs = channel, jobs
        self._inbox: queue.SimpleQueue[Callable[[], bool] | None] = queue.SimpleQueue()
        self._ordered: dict[str, Running] = {}
        self._asked: dict[int, Future[Frame]] = {}
        self._numbers = itertools.count(1)
        self._ending, self._previews, self._job = threading.Event(), False, ""

    def work(self) -> None:
        """Run what is ordered until there is nothing more to come."""
        self._send("ready", pid=os.getpid())
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        while (task := self._inbox.get()) is not None and task():
            pass
        self._ending.set()

    # The thread that reads

    def _listen(self) -> None:
        try:
            while (frame := self._channel.receive()) is not None and frame.kind != "stop":
                self._take(frame)
        except BadFrame as error:
            sys.stderr.write(f"the server sent something that is no message: {error}\n")
        self._end()

    def _take(self, frame: Frame) -> None:
        message = frame.message
        match frame.kind:
            case "run":
                running = self._ordered[message["job"]] = Running(message)
                self._inbox.put(lambda: self._run(running))
            case "cancel":
                if (ordered := self._ordered.get(message["job"])) is not None:
                    ordered.cancel.set()
            case "watch":
                self._previews = bool(message["previews"])
            case "published":
                self._asked.pop(message["request"]).set_result(frame)
            case "explain":
                self._inbox.put(lambda: self._explain(message))
            case "warm":
                self._inbox.put(self._warm)
            case "free":
                self._inbox.put(lambda: self._free(message))

    def _end(self) -> None:
        """Stop what runs; where it does not stop, end without it: a restart begins where this left off."""
        self._ending.set()
        self._inbox.put(None)
        for running in list(self._ordered.values()):
            running.cancel.set()
        for asked in list(self._asked.values()):
            asked.cancel()
        timer = threading.Timer(PATIENCE, lambda: os._exit(ExitCode.CANCELLED))
        timer.daemon = True
        timer.start()

    # The thread that works

    def _run(self, running: Running) -> bool:
        message = running.message
        job = message["job"]
        targets = message.get("targets")
        order = Order(message["document"], message.get("editor_text"), None if targets is None else tuple(targets))
        tell = lambda kind, said, blob=b"": self._send("event", blob, job=job, type=kind, data=said)
        self._job = job
        end = (
            End("cancelled")
            if running.cancel.is_set()
            else self._jobs.run(order, tell, running.cancel, lambda: self._previews)
        )
        self._job = ""
        del self._ordered[job]
        self._send("ended", job=job, resident=self._jobs.resident(), **vars(end))
        return not end.spent

    def _explain(self, message: Mapping[str, Any]) -> bool:
        targets = message.get("targets")
        order = Order(message["document"], None, None if targets is None else tuple(targets))
        try:
            self._send("explained", request=message["request"], nodes=self._jobs.explain(order))
        except NotRunnable as error:
            self._send("explained", request=message["request"], error=str(error))
        except Exception as error:  # a question is no reason to lose the models that are loaded
            traceback.print_exc()
            said = f"internal error: {type(error).__name__}: {error}"
            self._send("explained", request=message["request"], error=said)
        return True

    def _warm(self) -> bool:
        try:
            self._jobs.warm()
        except Exception:  # a device that is not there, say; the first job that needs it will say so to a person
            traceback.print_exc()
        return True

    def _free(self, message: Mapping[str, Any]) -> bool:
        self._jobs.free(models=bool(message["models"]), cache=bool(message["cache"]))
        self._send_sign_of_life()
        return True

    def _ask(self, kind: str, **members: Any) -> Mapping[str, Any]:
        """Ask the server, and wait for the answer. Raises CancelledError when the server is gone."""
        request, answer = next(self._numbers), Future[Frame]()
        self._asked[request] = answer
        self._send(kind, request=request, **members)
        return answer.result().message

    # The thread that says that the process lives

    def _beat(self) -> None:
        while not self._ending.wait(BEAT):
            self._send_sign_of_life()

    def _send_sign_of_life(self) -> None:
        resident, device = self._jobs.resident(), self._jobs.device()
        self._send("heartbeat", job=self._job, resident=resident, rss=_resident_set(), device=device)

    def _send(self, kind: str, blob: bytes = b"", **members: Any) -> None:
        """Send, unless nobody listens any more: then there is nothing left to say, and the reader ends the process."""
        with suppress(OSError):
            self._channel.send(kind, blob, **members)


def _be_first_to_go() -> None:
    """The kernel ends this process with the server, even where native code keeps every thread from noticing, and before
    the server where memory runs out."""
    with suppress(OSError):  # some containers forbid it
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)


def _resident_set() -> int | None:
    """Bytes of main memory that this process holds, where the system says so."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None
