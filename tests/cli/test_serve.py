import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cli.serve import worker_command

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "over_test_nodes.py"
HELLO = {
    "1": {"class_type": "Say", "inputs": {"text": "hello", "seed": 1}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0], "filename_prefix": "a"}},
}
SLOW = {
    "1": {"class_type": "Work", "inputs": {"steps": 40, "pause": 0.05}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0], "filename_prefix": "slow"}},
}


def start(base: Path, *words: Any) -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(ROOT), str(PROGRAM.parent)])
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), "serve", "--base-directory", str(base), "--port", "0", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )


class Server:
    """The program serving, and a client of it."""

    def __init__(self, base: Path, *words: Any):
        self.process = start(base, *words)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Patchbay is at "), line + self.process.communicate()[1]
        self.url, _, self.query = line.split()[-1].partition("?")

    def ask(self, path: str, body: Any = None, **headers: str) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | headers
        request = urllib.request.Request(self.url + path, content, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def submit(self, nodes: Any) -> str:
        return self.ask("api/v1/jobs", {"document": {"format": "patchbay/1", "nodes": nodes}})["job"]["id"]

    def until(self, job: str, *states: str) -> Any:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.ask(f"api/v1/jobs/{job}")
            if found["state"] in states:
                return found
            time.sleep(0.02)
        raise AssertionError(found)

    def running(self, job: str) -> None:
        """Wait until a node of the job runs."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            nodes = self.ask(f"api/v1/jobs/{job}")["nodes"] or {}
            if any(node["state"] == "running" for node in nodes.values()):
                return
            time.sleep(0.02)
        raise AssertionError("nothing runs")

    @property
    def worker(self) -> Any:
        return self.ask("api/v1/queue")["workers"][0]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return code


@pytest.fixture
def serve(base):
    servers: list[Server] = []

    def begin(*words: Any) -> Server:
        servers.append(Server(base, *words))
        return servers[-1]

    yield begin
    for server in servers:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)


def refused(base: Path, *words: Any) -> str:
    process = start(base, *words)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2, said
    return said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_says_where_it_is_runs_jobs_and_ends_when_told_to(serve, base, number):
    server = serve()
    assert server.url.startswith("http://127.0.0.1:")
    job = server.until(server.submit(HELLO), "succeeded")
    assert [output["name"] for output in job["outputs"]] == ["a_00001_.txt"]
    assert (base / "output/a_00001_.txt").read_text() == "hello 1"
    worker = server.worker["pid"]
    assert server.end(number) == 0
    assert not is_alive(worker)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at what is mapped")
def test_the_server_process_never_imports_torch(serve):
    server = serve()
    document = {"document": {"format": "patchbay/1", "nodes": HELLO}}
    assert server.ask("api/v1/explain", document)["nodes"]["1"]["reason"] == "first run"
    server.until(server.submit(HELLO), "succeeded")
    for path in ("api/v1/nodes", "api/v1/models", "api/v1/stats", "api/openapi.json"):
        server.ask(path)
    mapped = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "_sqlite3" in mapped, "this looks where it should"
    assert not [name for name in ("libtorch", "scipy", "networkx") if name in mapped]


def test_what_runs_when_the_server_ends_goes_on_after_a_restart(serve, base):
    server = serve()
    job = server.submit(SLOW)
    server.running(job)
    assert server.end() == 0
    found = serve().until(job, "succeeded")
    assert found["attempt"] == 2
    assert [path.name for path in (base / "output").iterdir()] == ["slow_00001_.txt"]


def test_a_server_that_is_killed_loses_nothing_and_leaves_no_worker(serve, base):
    server = serve()
    job, waiting = server.submit(SLOW), server.submit(HELLO)
    server.running(job)
    worker = server.worker["pid"]
    server.end(signal.SIGKILL)
    again = serve()
    assert again.until(job, "succeeded")["attempt"] == 2
    again.until(waiting, "succeeded")
    assert not is_alive(worker)
    assert sorted(path.name for path in (base / "output").iterdir()) == ["a_00001_.txt", "slow_00001_.txt"]


def test_jobs_of_a_dead_server_wait_for_a_person_where_that_is_wanted(serve):
    server = serve()
    job = server.submit(SLOW)
    server.running(job)
    server.end(signal.SIGKILL)
    server = serve("--resume", "ask")
    assert server.until(job, "interrupted")
    server.ask(f"api/v1/jobs/{job}/resume", {})
    assert server.until(job, "succeeded")


def test_run_beside_serve_shares_numbers_and_results(serve, base, workflow):
    server = serve()
    server.until(server.submit(HELLO), "succeeded")
    other = json.loads(json.dumps(HELLO))
    other["1"]["inputs"]["text"] = "bye"
    paths = os.pathsep.join([str(ROOT), str(PROGRAM.parent)])
    command = [sys.executable, str(PROGRAM), "run", str(workflow(other)), "--base-directory", str(base)]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, check=True, stdout=subprocess.DEVNULL)
    assert (base / "output/a_00002_.txt").read_text() == "bye 1"
    third = HELLO | {"1": {"class_type": "Say", "inputs": {"text": "well"}}}
    assert server.until(server.submit(third), "succeeded")["outputs"][0]["name"] == "a_00003_.txt"


def test_a_second_server_over_the_same_directory_is_refused(serve, base):
    server = serve()
    assert f"another server (process {server.process.pid}) uses" in refused(base)


def test_a_port_that_is_taken_is_a_sentence(serve, base, tmp_path):
    port = serve().url.rpartition(":")[2].strip("/")
    said = refused(base, "--state-directory", tmp_path / "other", "--port", port)
    assert said == f"error: 127.0.0.1:{port} is in use by another program; choose another --port\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--listen", "0.0.0.0"], "give --token"),
        (["--token", "short"], "16 characters"),
        (["--token-file", "/nowhere"], "cannot be read"),
        (["--devices", "abacus"], "--devices takes"),
        (["--devices", "cpu,cpu"], "twice"),
        (["--max-upload-size", "much"], "--max-upload-size takes bytes"),
        (["--job-timeout", "-1"], "--job-timeout takes seconds"),
        (["--port", "123456"], "cannot be listened on"),
        (["--listen", "192.0.2.1", "--token"], "cannot be listened on"),
    ],
)
def test_options_that_cannot_be_are_a_sentence(program, words, said, capsys, monkeypatch):
    monkeypatch.setattr("cli.serve.logging.basicConfig", lambda **options: None)
    assert program("serve", *words) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ") and said in shown and shown.count("\n") == 1


def test_a_token_that_is_made_is_printed_once_and_lets_in(serve):
    server = serve("--listen", "0.0.0.0", "--token")
    assert server.query.startswith("token=") and server.url.startswith("http://localhost:")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        server.ask("api/v1/queue")
    token = server.query.removeprefix("token=")
    assert server.ask("api/v1/queue", Authorization=f"Bearer {token}")["running"] == []


def test_a_token_of_ones_own_is_not_printed(serve, tmp_path):
    (tmp_path / "token").write_text("a token that is long\n")
    server = serve("--token-file", tmp_path / "token")
    assert server.query == ""
    assert server.ask("api/v1/queue", Authorization="Bearer a token that is long")


def test_what_is_damaged_is_a_sentence(base):
    (base / ".patchbay").mkdir()
    (base / ".patchbay/server.sqlite").write_text("no database, and long enough to be looked at as one " * 20)
    assert "server.sqlite, where the queue is kept, cannot be used" in refused(base)


def test_everything_that_is_remembered_may_lie_elsewhere(serve, base, tmp_path):
    server = serve("--state-directory", tmp_path / "state", "--output-directory", tmp_path / "out")
    server.until(server.submit(HELLO), "succeeded")
    assert (tmp_path / "out/a_00001_.txt").exists()
    assert list(base.iterdir()) == []


def test_a_worker_is_started_with_the_servers_directories(tmp_path):
    given = {"base_directory": tmp_path, "input_directory": None, "output_directory": tmp_path / "o"}
    further = {
        "state_directory": None,
        "custom_nodes": None,
        "models": [tmp_path / "m"],
        "dtype": "fp16",
        "cache_size": "1GB",
        "no_cache": True,
    }
    words = worker_command(argparse.Namespace(**given, **further), "cuda:1")
    assert words[2:] == [
        *("worker", "--device", "cuda:1", "--dtype", "fp16", "--cache-size", "1GB"),
        *("--base-directory", str(tmp_path), "--output-directory", str(tmp_path / "o")),
        *("--models", str(tmp_path / "m"), "--no-cache"),
    ]


def is_alive(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:  # the kernel takes a moment
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.02)
    return True
