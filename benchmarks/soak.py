"""Whether the server's memory stays flat, as JSON: pictures of the demo model for as long as one likes.

    python benchmarks/soak.py [MINUTES]

Every few seconds a job with a new seed; beside it a client of the event stream that reads, one that never reads, and
one of the public WebSocket that comes and goes. Once a minute a line: resident memory of server and worker in MB, jobs
done, the latency of ``/health`` in ms. The last line compares the last third with the second: ``growth_mb``.
"""

import http.client
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
PAUSE = 2.0  # seconds between two jobs
MINUTE = 60.0
KEPT = "32MB"  # of outputs: full after some minutes, so that what grows after that is a leak
PAGE = os.sysconf("SC_PAGE_SIZE")


def ask(address: str, method: str, path: str, body: Any = None) -> Any:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(address, timeout=30)
    content = None if body is None else json.dumps(body)
    connection.request(method, path, content, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    if answer.status >= 400:
        raise RuntimeError(found[:300])
    return json.loads(found)


def resident(pid: int) -> float:
    """Megabytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6


def open_stream(address: str, path: str, *headers: str) -> socket.socket:
    """A connection that has asked for something endless."""
    host, port = address.split(":")
    opened = socket.create_connection((host, int(port)))
    lines = [f"GET {path} HTTP/1.1", f"Host: {address}", *headers, "", ""]
    opened.sendall("\r\n".join(lines).encode())
    return opened


def read_all(stream: socket.socket) -> None:
    while stream.recv(1 << 16):
        pass


def come_and_go(address: str, ending: threading.Event) -> None:
    """A client of the public WebSocket that stays for five seconds at a time."""
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    for number in itertools.count():
        if ending.is_set():
            return
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        with open_stream(address, f"/ws?clientId=soak{number % 7}", *upgrade, key) as stream:
            stream.settimeout(5)
            try:
                read_all(stream)
            except TimeoutError:
                continue


def soak(address: str, server: int, minutes: float) -> None:
    """Send jobs and print how the processes fare."""
    document = json.loads((ROOT / "workflows" / "text_to_image.json").read_text())
    sampler = next(name for name, node in document["nodes"].items() if node["class_type"] == "KSampler")
    silent = open_stream(address, "/api/v1/events", "Accept: text/event-stream")
    reading = open_stream(address, "/api/v1/events", "Accept: text/event-stream")
    threading.Thread(target=read_all, args=(reading,), daemon=True).start()
    ending = threading.Event()
    threading.Thread(target=come_and_go, args=(address, ending), daemon=True).start()
    begun, samples = time.monotonic(), []
    due = begun + MINUTE
    for seed in itertools.count(1):
        document["nodes"][sampler]["inputs"]["seed"] = seed
        ask(address, "POST", "/api/v1/jobs", {"document": document})
        time.sleep(PAUSE)
        now = time.monotonic()
        if now >= due:
            due += MINUTE
            asked = time.monotonic()
            ask(address, "GET", "/health")
            latency = (time.monotonic() - asked) * 1000
            workers = ask(address, "GET", "/api/v1/queue")["workers"]
            done = ask(address, "GET", "/api/v1/jobs?state=succeeded&limit=1")["total"]
            line = {
                "minute": round((now - begun) / MINUTE),
                "server_mb": round(resident(server), 1),
                "worker_mb": round(sum(resident(worker["pid"]) for worker in workers if worker["pid"]), 1),
                "done": done,
                "health_ms": round(latency, 1),
                "restarts": sum(worker["restarts"] for worker in workers),
            }
            samples.append(line)
            print(json.dumps(line), flush=True)
        if now - begun >= minutes * MINUTE:
            break
    ending.set()
    third = max(1, len(samples) // 3)
    growth = {
        name: round(
            statistics.median(sample[name] for sample in samples[-third:])
            - statistics.median(sample[name] for sample in samples[-2 * third : -third] or samples[:1]),
            1,
        )
        for name in ("server_mb", "worker_mb")
    }
    print(json.dumps({"growth_mb": growth, "minutes": minutes}), flush=True)
    silent.close()


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    with tempfile.TemporaryDirectory() as base:
        command = [sys.executable, str(ROOT / "main.py"), "serve", "--base-directory", base, "--port", "0"]
        command += ["--models", str(ROOT / "models"), "--devices", "cpu", "--cache-size", KEPT]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            soak(urlsplit(process.stdout.readline().split()[-1]).netloc, process.pid, minutes)
        finally:
            process.terminate()
            process.wait(timeout=60)


if __name__ == "__main__":
    main()
