"""Jobs over HTTP: what is taken, what is refused, and what is told of it."""

import io
import json

import pytest
from PIL import Image

from server.jobs import State
from workflows.pictures import write_png

SEED = 2**64 - 1


async def submit(connection, document, status=202, headers=None, **asked):
    answer = await connection.post("/api/v1/jobs", json={"document": document} | asked, headers=headers)
    body = await answer.json()
    assert answer.status == status, body
    return body


async def get(client, path, status=200):
    answer = await client.get(path)
    assert answer.status == status, await answer.text()
    return await answer.json()


async def post(client, path, body=None, status=200):
    answer = await client.post(path, json=body) if body is not None else await client.post(path)
    assert answer.status == status, await answer.text()
    return await answer.json()


def test_the_largest_seed_goes_in_and_comes_out_whole(ask, workflow):
    async def script(client):
        job = (await submit(client, workflow, parameters={"seed": SEED}))["job"]
        return await (await client.get(f"/api/v1/jobs/{job['id']}/document")).text()

    text = ask(script)
    assert str(SEED) in text and json.loads(text)["nodes"]["1"]["inputs"]["seed"] == SEED


@pytest.mark.parametrize("form", ["request", "document", "api", "picture", "uploaded picture"])
def test_a_workflow_is_taken_in_any_form(ask, base, workflow, form):
    picture = io.BytesIO()
    write_png(Image.new("RGB", (8, 8)), picture, {"patchbay": json.dumps(workflow)})
    (base / "input/carrier.png").write_bytes(picture.getvalue())

    async def script(client):
        bodies = {
            "request": {"json": {"document": workflow}},
            "document": {"json": workflow},
            "api": {"json": workflow["nodes"]},
            "picture": {"data": picture.getvalue(), "headers": {"Content-Type": "image/png"}},
            "uploaded picture": {"json": {"picture": "carrier.png"}},
        }
        answer = await client.post("/api/v1/jobs", **bodies[form])
        job = (await answer.json())["job"]
        return answer.status, await get(client, f"/api/v1/jobs/{job['id']}/document")

    status, document = ask(script)
    assert status == 202 and document["nodes"] == workflow["nodes"]


def test_what_is_wrong_is_addressed_to_node_and_input(ask, workflow):
    workflow["nodes"]["1"]["inputs"]["times"] = 10
    refused = ask(lambda client: submit(client, workflow, status=422))
    assert refused["type"] == "urn:patchbay:problem:invalid_document"
    assert [(problem["node"], problem["input"], problem["code"]) for problem in refused["problems"]] == [
        ("1", "times", "out_of_range")
    ]
    assert "between 1 and 9" in refused["detail"]


def test_a_parameter_that_means_nothing_is_refused_and_one_that_does_not_fit_too(ask, workflow):
    async def script(client):
        unknown = await submit(client, workflow, 422, parameters={"colour": 1})
        wrong = await submit(client, workflow, 422, parameters={"1.times": "many"})
        extra = await submit(client, workflow, 422, parameters={"1.colour": "red"})
        return unknown, wrong, extra

    unknown, wrong, extra = ask(script)
    assert "colour" in unknown["detail"]
    assert wrong["problems"][0]["input"] == "times"
    assert extra["problems"][0]["code"] == "unknown_input"


def test_targets_that_cannot_run_are_left_out_where_that_is_allowed(ask, workflow):
    workflow["nodes"] |= {
        "3": {"class_type": "Say", "inputs": {"times": 100}},
        "4": {"class_type": "Write", "inputs": {"text": ["3", 0]}},
    }

    async def script(client):
        return await submit(client, workflow, 422), await submit(client, workflow, partial=True)

    refused, accepted = ask(script)
    assert refused["problems"][0]["node"] == "3"
    assert accepted["dropped"] == ["4"] and accepted["job"]["targets"] == ["2"]
    assert accepted["warnings"][0]["node"] == "3" and accepted["job"]["warnings"] == accepted["warnings"]


def test_the_same_key_is_the_same_job_and_another_document_a_conflict(ask, workflow):
    async def script(client):
        key = {"Idempotency-Key": "a"}
        first = await submit(client, workflow, headers=key)
        again = await submit(client, workflow, 200, headers=key)
        other = await submit(client, workflow, 409, headers=key, parameters={"seed": 9})
        return first, again, other, await get(client, "/api/v1/jobs")

    first, again, other, listed = ask(script)
    assert first["job"]["id"] == again["job"]["id"] and listed["total"] == 1
    assert other["type"].endswith("conflict")


def test_lists_are_cut_into_pages_and_filtered(ask, workflow):
    async def script(client):
        for number in range(5):
            await submit(client, workflow | {"title": f"Number {number}"}, client="ab"[number % 2])
        first = await get(client, "/api/v1/jobs?limit=2")
        second = await get(client, f"/api/v1/jobs?limit=2&before={first['next']}")
        found = await get(client, "/api/v1/jobs?search=number 3&state=queued,running")
        other = await get(client, "/api/v1/jobs?client=a&newest_first=0")
        return first, second, found, other

    first, second, found, other = ask(script)
    titles = [job["title"] for job in first["jobs"] + second["jobs"]]
    assert titles == [f"Number {number}" for number in (4, 3, 2, 1)] and first["total"] == 5
    assert [job["title"] for job in found["jobs"]] == ["Number 3"]
    assert [job["title"] for job in other["jobs"]] == ["Number 0", "Number 2", "Number 4"]
    assert "nodes" not in first["jobs"][0] and first["jobs"][0]["waiting"]["position"] == 5


def test_a_queued_job_is_moved_cancelled_tried_again_and_forgotten(ask, workflow):
    async def script(client):
        one, two, three = [(await submit(client, workflow))["job"]["id"] for _ in range(3)]
        await post(client, f"/api/v1/jobs/{three}/move", {"to": "front"})
        await post(client, f"/api/v1/jobs/{two}/move", {"before": one})
        order = [job["id"] for job in (await get(client, "/api/v1/queue"))["queued"]]
        both = await post(client, f"/api/v1/jobs/{one}/move", {"to": "back", "priority": 3}, 400)
        waits = await client.delete(f"/api/v1/jobs/{one}")
        cancelled = await post(client, f"/api/v1/jobs/{one}/cancel")
        again = await post(client, f"/api/v1/jobs/{one}/retry")
        rest = await post(client, "/api/v1/jobs/cancel", {"jobs": "all"})
        forgotten = await client.delete(f"/api/v1/jobs/{one}")
        gone = await get(client, f"/api/v1/jobs/{one}", 404)
        return (one, two, three), order, both, waits.status, cancelled, again, rest, await forgotten.json(), gone

    (one, two, three), order, both, waits, cancelled, again, rest, forgotten, gone = ask(script)
    assert order == [three, two, one]
    assert "one of" in both["detail"] and waits == 409
    assert cancelled == {"jobs": [one]} and again["state"] == "queued"
    assert set(rest["jobs"]) == {one, two, three} and forgotten == {"jobs": [one]}
    assert gone["type"].endswith("no_such_job")


def test_a_job_tells_of_its_nodes_as_they_come_to_an_end(ask, workflow):
    async def script(client):
        queue = client.parts.queue
        job = (await submit(client, workflow))["job"]["id"]
        await queue.claim("w", device="cpu")
        await queue.record(job, [("planned", {"steps": ["1", "2"], "cached": []}), ("node_started", {"node": "1"})])
        running = await get(client, f"/api/v1/jobs/{job}")
        artifact = {
            "node": "2",
            "item": 0,
            "index": 0,
            "name": "said.txt",
            "kind": "output",
            "sha256": "0" * 64,
            "bytes": 5,
        }
        await queue.record(
            job,
            [
                ("node_finished", {"node": "1", "seconds": 0.5, "item": 0, "items": 1, "artifacts": []}),
                (
                    "node_skipped",
                    {"node": "2", "reason": "it is there", "item": 0, "items": 1, "artifacts": [artifact]},
                ),
            ],
        )
        await queue.finish(job, "w", State.SUCCEEDED)
        return (
            running,
            await get(client, f"/api/v1/jobs/{job}"),
            await get(client, f"/api/v1/jobs/{job}/events?limit=3"),
        )

    running, ended, events = ask(script)
    assert running["nodes"] == {"1": {"state": "running"}, "2": {"state": "planned"}}
    assert running["progress"] == {"done": 0, "total": 2} and running["device"] == "cpu"
    assert ended["state"] == "succeeded" and ended["progress"] == {"done": 2, "total": 2}
    assert ended["nodes"]["1"] == {"state": "finished", "seconds": 0.5}
    assert ended["nodes"]["2"] == {"state": "cached", "message": "it is there"}
    assert ended["outputs"][0]["url"] == "/api/v1/folders/output/said.txt"
    assert [event["type"] for event in events["events"]] == ["queued", "started", "planned"]


def test_a_document_with_half_a_character_or_nan_is_refused_by_name(ask):
    half = b'{"1": {"class_type": "Say", "inputs": {"text": "\\ud83d"}}, "2": {"class_type": "Write", "inputs": {}}}'
    nan = half.replace(b'"text": "\\ud83d"', b'"seed": NaN').replace(b'"inputs": {}', b'"inputs": {"text": ["1", 0]}')

    async def script(client):
        return [await (await client.post("/api/v1/jobs", data=body)).json() for body in (half, nan)]

    surrogate, number = ask(script)
    assert surrogate["status"] == 422 and "half of a character" in surrogate["detail"]
    assert number["status"] == 422 and number["problems"][0]["input"] == "seed"
