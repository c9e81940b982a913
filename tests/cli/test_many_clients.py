"""A thousand jobs from fifty clients at once, through the program over light nodes."""

import http.client
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.cli.test_serve import Server

CLIENTS = 50
JOBS = 20  # of each client
PATIENCE = 240.0  # seconds


def text_of(client: int, number: int) -> str:
    return f"job {number} of client {client}"


def submit_all(address: str, client: int) -> list[str]:
    """Hand in the jobs of one client over one connection, each of them twice; returns their ids."""
    connection = http.client.HTTPConnection(address, timeout=60)
    ids = []
    for number in range(JOBS):
        nodes = {
            "1": {"class_type": "Say", "inputs": {"text": text_of(client, number), "seed": number}},
            "2": {"class_type": "Write", "inputs": {"text": ["1", 0], "filename_prefix": "said"}},
        }
        body = json.dumps({"document": {"format": "patchbay/1", "nodes": nodes}, "client": f"client {client}"})
        for expected in (202, 200):
            key = f"{client} {number}"
            connection.request(
                "POST", "/api/v1/jobs", body, {"Content-Type": "application/json", "Idempotency-Key": key}
            )
            answer = connection.getresponse()
            said = json.loads(answer.read())
            assert answer.status == expected, said
        ids.append(said["job"]["id"])
    connection.close()
    return ids


def all_events(server: Server) -> list[dict]:
    found: list[dict] = []
    while page := server.ask(f"api/v1/events?after={found[-1]['seq'] if found else 0}&limit=5000")["events"]:
        found += page
    return found


@pytest.fixture
def server(base):
    started = Server(base)
    yield started
    started.end()


def test_a_thousand_jobs_of_fifty_clients_are_all_done_once_and_in_turn(server, base):
    server.ask("api/v1/queue/pause", {})
    with ThreadPoolExecutor(CLIENTS) as clients:
        address = urlsplit(server.url).netloc
        ids = list(clients.map(lambda client: submit_all(address, client), range(CLIENTS)))
    clients_of = {job: client for client, jobs in enumerate(ids) for job in jobs}
    assert len(clients_of) == CLIENTS * JOBS
    assert server.ask("api/v1/queue")["waiting"] == CLIENTS * JOBS

    server.ask("api/v1/queue/resume", {})
    deadline = time.monotonic() + PATIENCE
    while (states := server.ask("api/v1/stats")["jobs"])["succeeded"] < CLIENTS * JOBS:
        assert time.monotonic() < deadline, states
        time.sleep(0.2)

    events = all_events(server)
    told = Counter((event["job"], event["type"]) for event in events)
    for kind in ("queued", "started", "succeeded"):
        assert {job: told[job, kind] for job in clients_of} == dict.fromkeys(clients_of, 1), kind
    written = Counter(path.read_text() for path in (base / "output").iterdir())
    assert written == Counter(
        f"{text_of(client, number)} {number}" for client in range(CLIENTS) for number in range(JOBS)
    )

    began = [event["job"] for event in events if event["type"] == "started"]
    for turn in range(JOBS):
        round_ = began[turn * CLIENTS : (turn + 1) * CLIENTS]
        assert Counter(clients_of[job] for job in round_) == Counter(range(CLIENTS)), "each has one turn in each round"
    for jobs in ids:
        assert [job for job in began if job in set(jobs)] == jobs, "the jobs of a client go as it sent them"
