"""The real program with the demo model, killed at random points: `pytest -m full tests/cli/test_crashes.py`."""

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_serve import Server

ROOT = Path(__file__).parents[2]
ROUNDS = 20
JOBS = 2  # a round
LONGEST = 6.0  # seconds from a submission to a kill
KEPT = 0.5  # seconds that a node must have taken to be kept


class RealServer(Server):
    """The program as people start it."""

    def __init__(self, base: Path):
        words = [sys.executable, str(ROOT / "main.py"), "serve", "--base-directory", str(base), "--port", "0"]
        words += ["--models", str(ROOT / "models"), "--devices", "cpu"]
        with (base / "log").open("a") as log:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def kill_worker(self, pid: int | None) -> None:
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def picture(seed: int) -> Any:
    """The demo's workflow with a sampler that takes a second."""
    document = json.loads((ROOT / "workflows/demo.json").read_text())
    document["nodes"]["latent"]["inputs"]["batch_size"] = 1
    document["nodes"]["sampler"]["inputs"] |= {"seed": seed, "steps": 40}
    return document


def submit(server: Server, seed: int) -> str:
    return str(server.ask("api/v1/jobs", {"document": picture(seed)})["job"]["id"])


def finish(server: Server, jobs: list[str]) -> dict[str, Any]:
    """Every job once it has succeeded; those that wait for a person are told to go on."""
    ended: dict[str, Any] = {}
    deadline = time.monotonic() + 60 + 10 * len(jobs)
    while len(ended) < len(jobs) and time.monotonic() < deadline:
        for job in jobs:
            found = server.ask(f"api/v1/jobs/{job}")
            assert found["state"] not in ("failed", "cancelled"), found["error"]
            if found["state"] == "interrupted":
                server.ask(f"api/v1/jobs/{job}/resume", {})
            elif found["state"] == "succeeded":
                ended[job] = found
        time.sleep(0.2)
    assert len(ended) == len(jobs), "a job that was accepted has not ended"
    return ended


def started_again(events: list[Any]) -> list[str]:
    """Nodes that ran although an earlier attempt had finished and kept them."""
    kept: set[str] = set()
    again = []
    for event in events:
        said = event["data"]
        if event["type"] == "node_finished" and (said["seconds"] >= KEPT or said["artifacts"]):
            kept.add(said["node"])
        elif event["type"] == "node_started" and said["node"] in kept:
            again.append(said["node"])
    return again


@pytest.mark.full
def test_nothing_is_lost_or_doubled_when_server_and_worker_are_killed_at_random_points(tmp_path):
    dice = random.Random(seed := random.randrange(1 << 32))
    print(f"seed {seed}")
    server = RealServer(tmp_path)
    jobs: list[str] = []
    killed: Counter[str] = Counter()
    try:
        for turn in range(ROUNDS):
            jobs += [submit(server, JOBS * turn + number) for number in range(JOBS)]
            time.sleep(dice.uniform(0, LONGEST))
            worker = server.worker["pid"]
            victim = ("worker", "server", "both")[turn % 3]
            killed[victim] += 1
            if victim != "server":
                server.kill_worker(worker)
            if victim != "worker":
                server.kill()
                server = RealServer(tmp_path)
        ended = finish(server, jobs)
        attempts = Counter(found["attempt"] for found in ended.values())
        again = {job: started_again(server.ask(f"api/v1/jobs/{job}/events")["events"]) for job in jobs}
        print(f"killed {dict(killed)}, attempts {dict(attempts)}")
    finally:
        server.kill()
    assert max(attempts) > 1, "no kill hit a job"
    assert not any(again.values()), "a restarted job goes on after what it had finished"
    outputs = [output for found in ended.values() for output in found["outputs"]]
    assert [len(found["outputs"]) for found in ended.values()] == [1] * len(jobs)
    saved = {path.name: path for path in (tmp_path / "output").glob("*.png")}
    assert sorted(output["name"] for output in outputs) == sorted(saved), "each picture is there once, under one name"
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in saved.items()}
    assert {output["name"]: output["sha256"] for output in outputs} == digests
    assert len(set(digests.values())) == len(jobs), "each seed made its own picture"
