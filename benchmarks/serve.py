"""What the server costs, as JSON: `main.py serve` over an empty base directory, with nodes that do no work.

    python benchmarks/serve.py [JOBS]

``start_cpu_seconds`` is the server's CPU time when its first answer is there, ``idle_mb`` its resident memory then and
after all that follows. ``accepted_ms``: from sending a job to its 202, which means that it is on disk. ``done_ms``: to
the event that says that it has succeeded, for a job with one new node and for one that was run before (``cached``).
``jobs_per_second``: so many jobs of one node each, sent over eight connections, until the last has succeeded.
``events``: what a listener receives for one job of a thousand nodes. Times are wall-clock medians.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
ROUNDS = 30
CONNECTIONS = 8
NODES = 1000
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@contextmanager
def serving(base: Path) -> Iterator[tuple[int, str]]:
    """The server's process id and address, for as long as the block lasts."""
    command = [sys.executable, str(ROOT / "main.py"), "serve", "--base-directory", str(base), "--port", "0"]
    process = subprocess.Popen([*command, "--devices", "cpu"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.pid, urlsplit(process.stdout.readline().split()[-1]).netloc
    finally:
        process.terminate()
        process.wait(timeout=30)


class Client:
    """One connection that is kept."""

    def __init__(self, address: str):
        self._connection = http.client.HTTPConnection(address)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        found = json.loads(answer.read())
        if answer.status >= 400:
            raise RuntimeError(found)
        return found

    def submit(self, nodes: Any, target: str) -> str:
        """The job's id, once it is accepted."""
        body = {"document": {"format": "patchbay/1", "nodes": nodes}, "targets": [target]}
        return self.ask("POST", "/api/v1/jobs", body)["job"]["id"]


class Listener:
    """Reads the stream of events, and knows when each job has succeeded."""

    def __init__(self, address: str):
        self._connection = http.client.HTTPConnection(address)
        self._connection.request("GET", "/api/v1/events", headers={"Accept": "text/event-stream"})
        self._stream = self._connection.getresponse()
        self.size, self.count = 0, 0
        self._done: dict[str, float] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def succeeded(self, job: str) -> float:
        """When it did, waiting for it."""
        with self._changed:
            if not self._changed.wait_for(lambda: job in self._done, 120):
                raise RuntimeError(f"{job} did not succeed")
            return self._done[job]

    def _read(self) -> None:
        while line := self._stream.readline():
            self.size += len(line)
            if not line.startswith(b"data:"):
                continue
            self.count += 1
            event = json.loads(line.removeprefix(b"data:"))
            if event["type"] in ("succeeded", "failed"):
                with self._changed:
                    self._done[event["job"]] = time.perf_counter()
                    self._changed.notify_all()


def one(text: str) -> dict[str, Any]:
    return {"1": {"class_type": "StringConcatenate", "inputs": {"string_a": text, "string_b": "b"}}}


def chain(length: int) -> dict[str, Any]:
    """Nodes one behind the other, no two of which come to the same."""
    link = lambda number: [str(number - 1), 0] if number else "a"
    return {
        str(number): {
            "class_type": "StringConcatenate",
            "inputs": {"string_a": link(number), "string_b": str(number)},
        }
        for number in range(length)
    }


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6


def latencies(client: Client, listener: Listener, kind: str) -> tuple[list[float], list[float]]:
    """Milliseconds to the acceptance and to the end of jobs, one after the other."""
    accepted, done = [], []
    for number in range(ROUNDS):
        began = time.perf_counter()
        job = client.submit(one(f"{kind} {number}" if kind == "new" else kind), "1")
        accepted.append(1000 * (time.perf_counter() - began))
        done.append(1000 * (listener.succeeded(job) - began))
    return accepted, done


def throughput(address: str, listener: Listener, jobs: int) -> float:
    """Jobs per second, from the first one sent to the last one done."""

    def send(part: range) -> list[str]:
        client = Client(address)
        return [client.submit(one(f"tiny {number}"), "1") for number in part]

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        sent = list(pool.map(send, [range(start, jobs, CONNECTIONS) for start in range(CONNECTIONS)]))
    return jobs / (max(listener.succeeded(job) for part in sent for job in part) - began)


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (pid, address):
        client = Client(address)
        client.ask("GET", "/health")
        figures: dict[str, Any] = {"start_cpu_seconds": round(cpu_seconds(pid), 2)}
        time.sleep(1)
        figures["idle_mb"] = {"at first": round(resident_mb(pid), 1)}
        listener = Listener(address)
        listener.succeeded(client.submit(one("cached"), "1"))  # starts the worker
        accepted, done = latencies(client, listener, "new")
        _, cached = latencies(client, listener, "cached")
        figures["accepted_ms"] = round(statistics.median(accepted), 1)
        figures["done_ms"] = {
            "new": round(statistics.median(done), 1),
            "cached": round(statistics.median(cached), 1),
        }
        figures["jobs_per_second"] = round(throughput(address, listener, jobs), 1)
        size, count = listener.size, listener.count
        listener.succeeded(client.submit(chain(NODES), str(NODES - 1)))
        figures["events"] = {"nodes": NODES, "events": listener.count - count, "bytes": listener.size - size}
        figures["idle_mb"]["after"] = round(resident_mb(pid), 1)
        figures["torch in the server"] = "libtorch" in Path(f"/proc/{pid}/maps").read_text()
        print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
