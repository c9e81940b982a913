import hashlib
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from server.protocol import Channel, Frame

ROOT = Path(__file__).parents[2]
HELLO = {
    "1": {"class_type": "Say", "inputs": {"text": "hello", "seed": 1}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0], "filename_prefix": "a"}},
}
ENDLESS = {
    "1": {"class_type": "Work", "inputs": {"steps": 1000, "pause": 0.05}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}},
}
STUBBORN = {"1": {"class_type": "Block", "inputs": {}}, "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}}}
FAILING = {
    "1": {"class_type": "Fail", "inputs": {"text": "the cat"}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}},
    "3": {"class_type": "Write", "inputs": {"text": "fine"}},
}


class Boss:
    """The server's end of a worker's pipes."""

    def __init__(self, base: Path, *words: str):
        paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
        command = [sys.executable, str(Path(__file__).parent / "over_test_nodes.py"), "worker"]
        self.process = subprocess.Popen(
            [*command, "--base-directory", str(base), "--device", "cpu", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": paths},
        )
        assert self.process.stdout is not None and self.process.stdin is not None
        self._channel = Channel(self.process.stdout, self.process.stdin)
        self.heard: list[Frame] = []

    def log(self) -> str:
        """All that the worker wrote, once it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with suppress(BrokenPipeError):
                pipe.close()

    def send(self, kind: str, **members: Any) -> None:
        self._channel.send(kind, **members)

    def run(self, nodes: Any, job: str = "j", **members: Any) -> None:
        self.send("run", job=job, document=json.dumps({"format": "patchbay/1", "nodes": nodes}), **members)

    def hear(self, kind: str, **members: Any) -> Frame:
        """Read until a message of this kind comes, with these members."""
        while True:
            frame = self._channel.receive()
            assert frame is not None, self.log()
            self.heard.append(frame)
            if frame.kind == kind and members.items() <= frame.message.items():
                return frame

    def end(self, job: str = "j") -> Any:
        return self.hear("ended", job=job).message

    def events(self, kind: str) -> list[Any]:
        messages = [frame.message for frame in self.heard if frame.kind == "event"]
        return [message["data"] for message in messages if message["type"] == kind]


@pytest.fixture
def boss(base):
    boss = Boss(base)
    yield boss
    boss.close()


def test_a_worker_runs_a_job_and_tells_of_it(boss, base):
    assert boss.hear("ready").message["pid"] == boss.process.pid
    boss.run(HELLO)
    end = {"state": "succeeded", "error": None, "resident": [], "spent": False}
    assert boss.end() == {"kind": "ended", "job": "j"} | end
    kinds = [frame.message["type"] for frame in boss.heard if frame.kind == "event"]
    assert kinds == ["planned", "node_started", "node_finished", "node_started", "node_finished"]
    assert boss.events("planned") == [{"steps": ["1", "2"], "cached": []}]
    (artifact,) = boss.events("node_finished")[1]["artifacts"]
    sha256 = artifact.pop("sha256")
    place = {"node": "2", "item": 0, "index": 0}
    assert artifact == place | {"name": "a_00001_.txt", "kind": "output", "media_type": "text/plain", "bytes": 7}
    assert sha256 == hashlib.sha256(b"hello 1").hexdigest()
    assert (base / "output/a_00001_.txt").read_text() == "hello 1"


def test_the_second_of_two_equal_jobs_runs_nothing_and_names_the_same_file(boss):
    boss.run(HELLO, "a")
    boss.end("a")
    boss.heard.clear()
    boss.run(HELLO, "b")
    assert boss.end("b")["state"] == "succeeded"
    assert boss.events("planned") == [{"steps": [], "cached": ["2"]}]
    (skipped,) = boss.events("node_skipped")
    assert [artifact["name"] for artifact in skipped["artifacts"]] == ["a_00001_.txt"]


def test_only_the_targets_that_are_asked_for_run(boss, base):
    boss.run(FAILING, targets=["3"])
    assert boss.end()["state"] == "succeeded"
    assert [path.name for path in (base / "output").iterdir()] == ["x_00001_.txt"]


def test_a_node_that_fails_ends_the_job_and_is_named(boss):
    boss.run(FAILING)
    ended = boss.end()
    assert ended["state"] == "failed"
    failure = {"node": "1", "type": "Fail", "message": "the cat is too sad", "item": 0}
    assert ended["error"] == failure | {"failures": [failure]}
    assert boss.events("node_errored")[0]["message"] == "the cat is too sad"
    assert boss.events("node_blocked")[0]["node"] == "2"


def test_a_document_that_cannot_run_here_is_a_sentence(boss):
    boss.run({"1": {"class_type": "Sya", "inputs": {}}})
    error = boss.end()["error"]
    assert "Sya" in error["message"]
    assert error["problems"][0]["node"] == "1"


def test_progress_is_told_and_its_end_always(boss):
    boss.run(
        {
            "1": {"class_type": "Work", "inputs": {"steps": 500}},
            "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}},
        }
    )
    boss.end()
    told = boss.events("progress")
    assert told[-1] == {"node": "1", "done": 500, "total": 500, "item": 0, "items": 1}
    assert len(told) < 100, "nobody can see more"


def test_cancelling_stops_a_job_and_the_worker_takes_the_next(boss):
    boss.run(ENDLESS, "a")
    boss.run(HELLO, "b")
    boss.hear("event", type="node_started")
    boss.send("cancel", job="a")
    assert boss.end("a")["state"] == "cancelled"
    assert boss.end("b")["state"] == "succeeded"


def test_a_job_cancelled_before_it_begins_does_not_begin(boss):
    boss.run(ENDLESS, "a")
    boss.run(HELLO, "b")
    boss.send("cancel", job="b")
    boss.send("cancel", job="a")
    boss.end("a")
    assert boss.end("b")["state"] == "cancelled"
    assert not [frame for frame in boss.heard if frame.message.get("job") == "b" and frame.kind == "event"]


def test_a_worker_ends_with_its_server(boss):
    boss.run(ENDLESS)
    boss.hear("event", type="node_started")
    boss.process.stdin.close()
    assert boss.process.wait(timeout=30) == 0


def test_a_worker_ends_with_its_server_though_its_job_does_not_stop(base, monkeypatch):
    monkeypatch.setenv("QUICK", "1")
    boss = Boss(base)
    boss.run(STUBBORN)
    boss.hear("event", type="node_started")
    boss.process.stdin.close()
    assert boss.process.wait(timeout=30) == 130
    boss.close()


def test_an_idle_worker_ends_when_told_to(boss):
    boss.hear("ready")
    boss.send("stop")
    assert boss.process.wait(timeout=30) == 0


def test_what_libraries_print_goes_into_the_log(boss):
    boss.run({"1": {"class_type": "Print", "inputs": {}}, "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}}})
    assert boss.end()["state"] == "succeeded"
    boss.send("stop")
    log = boss.log()
    assert "from Python" in log and "from below" in log


def test_a_worker_gives_signs_of_life_while_it_works(boss):
    boss.run(ENDLESS)
    message = boss.hear("heartbeat", job="j").message
    assert message["resident"] == [] and message["device"] is None and message["rss"] > 1_000_000


def test_a_worker_explains_what_would_run(boss):
    document = json.dumps({"format": "patchbay/1", "nodes": HELLO})
    boss.send("explain", request=1, document=document)
    nodes = boss.hear("explained", request=1).message["nodes"]
    assert nodes["1"] == {"runs": True, "reason": "first run"}
    boss.run(HELLO)
    boss.end()
    boss.send("explain", request=2, document=document)
    nodes = boss.hear("explained", request=2).message["nodes"]
    assert nodes["2"] == {"runs": False, "reason": "nothing changed"}
    boss.send("explain", request=3, document="{}")
    assert "nodes" in boss.hear("explained", request=3).message["error"]


def test_letting_go_of_outputs_makes_them_run_again(boss):
    boss.run(HELLO)
    boss.end()
    boss.send("free", models=True, cache=True)
    boss.heard.clear()
    boss.run(HELLO | {"3": {"class_type": "Write", "inputs": {"text": ["1", 0], "filename_prefix": "b"}}})
    boss.end()
    assert boss.events("node_started")[0]["node"] == "1"


def test_an_option_that_means_nothing_is_told_to_the_server(base):
    boss = Boss(base, "--device", "abacus")
    assert "--device takes" in boss.hear("refused").message["reason"]
    assert boss.process.wait(timeout=30) == 2
    boss.close()


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_a_worker_dies_with_a_server_that_is_killed_even_if_it_cannot_notice(base, tmp_path):
    script = (
        "import json, os, sys, time\n"
        "from pathlib import Path\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from test_worker import Boss, STUBBORN\n"
        "boss = Boss(Path(sys.argv[2]))\n"
        "boss.run(STUBBORN)\n"
        "boss.hear('event', type='node_started')\n"
        "os.kill(boss.process.pid, 19)\n"  # SIGSTOP: no thread of it runs any more
        "print(boss.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    here = str(Path(__file__).parent)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(
        [sys.executable, "-c", script, here, str(base)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert server.stdout is not None
    worker = int(server.stdout.readline())
    server.kill()
    server.communicate()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and is_alive(worker):
        time.sleep(0.05)
    assert not is_alive(worker)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
