import asyncio
import os
import signal
import sys
import time
from collections import deque
from pathlib import Path

import pytest

from server.workers import LINES, LONGEST, WorkerProcess, in_words

ROOT = Path(__file__).parents[2]
TALKING = """
import sys
from server.protocol import Channel
channel = Channel(sys.stdin.buffer, sys.stdout.buffer)
"""


async def ignore(frame):
    """Hear, and do nothing."""


def run(script: str, use, hear=ignore) -> tuple[WorkerProcess, list[str]]:
    """Start a process that runs a script, let ``use`` do something with it, and wait for its end."""

    async def test():
        log: deque[str] = deque(maxlen=LINES)
        process = await WorkerProcess.start([sys.executable, "-c", TALKING + script], hear, log)
        await use(process)
        await asyncio.wait({process.gone}, timeout=30)
        assert process.gone.done()
        return process, list(log)

    return asyncio.run(test())


@pytest.fixture(autouse=True)
def sources(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.parametrize(
    ("returncode", "words"),
    [
        (-9, "was killed, perhaps because the machine ran out of memory"),
        (-11, "crashed in native code (SIGSEGV)"),
        (-6, "crashed in native code (SIGABRT)"),
        (-15, "was ended from outside (SIGTERM)"),
        (-1000, "was ended from outside (signal 1000)"),
        (1, "ended by itself with code 1"),
        (None, "is still running"),
    ],
)
def test_the_end_of_a_process_is_put_into_words(returncode, words):
    assert in_words(returncode) == words


def test_messages_go_both_ways():
    heard = []

    async def hear(frame):
        heard.append((frame.kind, frame.message["n"], frame.blob))

    async def use(process):
        process.send("run", n=1)

    script = "frame = channel.receive(); channel.send('event', b'blob', n=frame.message['n'] + 1)"
    process, _ = run(script, use, hear)
    assert heard == [("event", 2, b"blob")]
    assert process.epitaph == "ended by itself with code 0"


def test_a_process_that_has_ended_hears_nothing_and_nobody_minds():
    async def use(process):
        await asyncio.wait({process.gone})
        process.send("run", text="x" * 1_000_000)
        process.kill("too late")
        await process.stop(1)

    assert run("", use)[0].epitaph == "ended by itself with code 0"


def test_a_process_that_is_killed_has_the_reason_it_was_killed_for():
    async def use(process):
        process.kill("did not stop")

    assert run("import time; time.sleep(60)", use)[0].epitaph == "did not stop"


def test_a_process_that_ignores_stop_is_killed():
    async def use(process):
        await process.stop(0.2)

    assert run("import time; time.sleep(60)", use)[0].epitaph == "did not end when it was asked to"


def test_what_is_no_message_ends_the_process():
    async def use(process):
        pass

    process, _ = run("sys.stdout.write('Loading model: 100%'); sys.stdout.flush(); import time; time.sleep(60)", use)
    assert process.epitaph.startswith("said something that is no message")


def test_a_message_that_the_server_cannot_take_in_is_an_error_of_the_server():
    async def hear(frame):
        raise KeyError("job")

    async def use(process):
        pass

    process, _ = run("channel.send('event'); import time; time.sleep(60)", use, hear)
    assert isinstance(process.gone.exception(), KeyError)
    assert "could not take in" in process.epitaph


def test_the_log_is_bounded_and_of_a_progress_bar_the_last_state_is_kept():
    async def use(process):
        pass

    script = (
        f"sys.stderr.write('a line\\n' * {2 * LINES} + ' 10%\\r 50%\\r100%\\n' + 'x' * 1_000_000 + '\\n' + 'the end')"
    )
    _, log = run(script, use)
    assert len(log) == LINES
    assert log[-3:-1] == ["100%", "x" * LONGEST]
    assert log[-1] == "the end"


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_what_a_worker_started_ends_with_it():
    children = []

    async def hear(frame):
        children.append(frame.message["pid"])

    async def use(process):
        while not children:
            await asyncio.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)

    script = (
        "import subprocess\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "channel.send('event', pid=child.pid)\n"
        "child.wait()\n"
    )
    run(script, use, hear)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and Path(f"/proc/{children[0]}/stat").exists():
        if Path(f"/proc/{children[0]}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{children[0]}/stat").exists()
