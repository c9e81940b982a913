"""Submitting, the queue and the history in the public shapes."""

import asyncio
import uuid

import pytest

from server.comfyui.records import failure

PLACED = '{"1": {"class_type": "Write", "inputs": {"text": "a", "seed": %d}}}'
PROMPT = {
    "1": {"class_type": "Say", "inputs": {"text": "hello", "seed": 1}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}},
}


def prompt(text: str = "hello", **extra):
    nodes = {"1": {"class_type": "Say", "inputs": {"text": text}}, "2": PROMPT["2"]}
    return {"prompt": nodes | extra}


async def ended(client, prompt_id):
    """The history entry of a job, once it has one."""
    async with asyncio.timeout(10):
        while True:
            found = await (await client.get(f"/history/{prompt_id}")).json()
            if found:
                return found[prompt_id]
            await asyncio.sleep(0.02)


def test_a_prompt_is_accepted_runs_and_is_in_the_history(public, run):
    async def scenario():
        async with public() as client:
            sent = prompt() | {
                "client_id": "me",
                "extra_data": {"extra_pnginfo": {"workflow": {"id": "w", "nodes": []}}},
            }
            reply = await client.post("/prompt", json=sent)
            accepted = await reply.json()
            assert reply.status == 200 and accepted["node_errors"] == {} and uuid.UUID(accepted["prompt_id"])
            entry = await ended(client, accepted["prompt_id"])
            assert entry["status"] | {"messages": None} == {
                "status_str": "success",
                "completed": True,
                "messages": None,
            }
            assert [kind for kind, _ in entry["status"]["messages"]] == ["execution_start", "execution_success"]
            assert entry["outputs"] == {
                "2": {"images": [{"filename": "said_00001_.txt", "subfolder": "", "type": "output"}]}
            }
            number, prompt_id, nodes, extra, targets = entry["prompt"]
            assert (number, prompt_id, targets) == (accepted["number"], accepted["prompt_id"], ["2"])
            assert nodes["2"]["inputs"] == {"text": ["1", 0]} and extra["client_id"] == "me"
            assert extra["extra_pnginfo"] == {"workflow": {"id": "w", "nodes": []}}
            shown = await client.get("/view", params={"filename": "said_00001_.txt"})
            assert await shown.text() == "hello 0"

    run(scenario())


def test_every_route_exists_under_api_too(public, run):
    async def scenario():
        async with public(working=False) as client:
            for path in ("/prompt", "/queue", "/history", "/object_info", "/features", "/system_stats", "/users"):
                bare, under = await client.get(path), await client.get(f"/api{path}")
                assert bare.status == under.status == 200, path
            assert (await client.post("/api/prompt", json=prompt())).status == 200

    run(scenario())


def test_what_waits_is_listed_in_turn_and_can_be_taken_out(public, run):
    async def scenario():
        async with public(working=False) as client:
            ids = []
            for text in ("a", "b", "c"):
                ids.append((await (await client.post("/prompt", json=prompt(text))).json())["prompt_id"])
            front = await (await client.post("/prompt", json=prompt("d") | {"front": True})).json()
            assert front["number"] < 0
            queue = await (await client.get("/queue")).json()
            assert [item[1] for item in queue["queue_pending"]] == [front["prompt_id"], *ids]
            assert queue["queue_running"] == [] and len(queue["queue_pending"][0]) == 5
            assert await (await client.get("/prompt")).json() == {"exec_info": {"queue_remaining": 4}}
            assert (await client.post("/queue", json={"delete": [ids[1]]})).status == 200
            queue = await (await client.get("/queue")).json()
            assert [item[1] for item in queue["queue_pending"]] == [front["prompt_id"], ids[0], ids[2]]
            await client.post("/queue", json={"clear": True})
            assert (await (await client.get("/queue")).json())["queue_pending"] == []

    run(scenario())


def test_a_chosen_id_is_kept_and_cannot_be_taken_twice(public, run):
    async def scenario():
        async with public(working=False) as client:
            chosen = str(uuid.uuid4())
            first = await client.post("/prompt", json=prompt() | {"prompt_id": chosen})
            assert (await first.json())["prompt_id"] == chosen
            second = await client.post("/prompt", json=prompt("other") | {"prompt_id": chosen})
            assert second.status == 400 and (await second.json())["error"]["type"] == "invalid_prompt"

    run(scenario())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "no_prompt"),
        ({"prompt": []}, "invalid_prompt"),
        ({"prompt": {}}, "invalid_prompt"),
        ({"prompt": {"1": {"inputs": {}}}}, "invalid_prompt"),
        ({"prompt": {"1": {"class_type": "Sey", "inputs": {}}}}, "missing_node_type"),
        ({"prompt": {"1": PROMPT["1"]}}, "prompt_no_outputs"),
        ({"prompt": PROMPT, "number": "many"}, "invalid_prompt"),
        ({"prompt": PROMPT, "prompt_id": "a/b"}, "invalid_prompt"),
        ({"prompt": PROMPT, "client_id": 7}, "invalid_prompt"),
        ({"prompt": PROMPT, "extra_data": []}, "invalid_prompt"),
        ({"prompt": PROMPT, "partial_execution_targets": "2"}, "invalid_prompt"),
        ({"prompt": {"2": {"class_type": "Write", "inputs": {}}}}, "prompt_outputs_failed_validation"),
    ],
)
def test_bodies_that_are_no_prompts_are_refused_in_the_public_shape(public, run, body, kind):
    async def scenario():
        async with public(working=False) as client:
            reply = await client.post("/prompt", json=body)
            said = await reply.json()
            assert reply.status == 400 and said["error"]["type"] == kind, said
            assert said["error"]["message"] and "node_errors" in said

    run(scenario())


def test_a_body_that_is_no_json_is_refused(public, run):
    async def scenario():
        async with public(working=False) as client:
            for body in (
                b"",
                b"{",
                b"[1]",
                b"\xff\xfe",
                b'{"prompt": {"1": {"class_type": "Say", "inputs": {"seed": NaN}}}}',
            ):
                reply = await client.post("/prompt", data=body, headers={"Content-Type": "application/json"})
                assert reply.status == 400 and (await reply.json())["error"]["type"] == "invalid_prompt", body

    run(scenario())


def test_faults_are_addressed_to_node_and_input_with_what_was_expected(public, run):
    async def scenario():
        async with public(working=False) as client:
            nodes = {
                "1": {"class_type": "Say", "inputs": {"text": "a", "times": 99}},
                "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}},
                "3": {"class_type": "Show", "inputs": {"image": "missing.png"}},
                "4": {"class_type": "Write", "inputs": {"text": ["7", 0]}},
            }
            said = await (await client.post("/prompt", json={"prompt": nodes})).json()
            found = said["node_errors"]
            assert found["1"]["errors"][0] | {"details": ""} == {
                "type": "value_bigger_than_max",
                "message": "Value bigger than max",
                "details": "",
                "extra_info": {
                    "input_name": "times",
                    "input_config": ["INT", {"default": 1, "min": 1, "max": 9}],
                    "received_value": 99,
                },
            }
            assert found["1"]["dependent_outputs"] == ["2"] and found["1"]["class_type"] == "Say"
            assert found["3"]["errors"][0]["type"] == "value_not_in_list"
            assert found["4"]["errors"][0]["type"] == "bad_linked_input"
            assert found["4"]["errors"][0]["extra_info"]["linked_node"] == ["7", 0]

    run(scenario())


def test_outputs_that_can_run_run_and_the_others_are_named(public, run):
    async def scenario():
        async with public() as client:
            broken = {"9": {"class_type": "Write", "inputs": {}}}
            said = await (await client.post("/prompt", json=prompt(**broken))).json()
            assert said["node_errors"]["9"]["errors"][0]["type"] == "required_input_missing"
            entry = await ended(client, said["prompt_id"])
            assert list(entry["outputs"]) == ["2"] and entry["prompt"][4] == ["2"]

    run(scenario())


def test_secrets_of_other_services_are_never_kept(public, run):
    async def scenario():
        async with public(working=False) as client:
            sent = prompt() | {"extra_data": {"auth_token_comfy_org": "geheim", "api_key_comfy_org": "geheim"}}
            await client.post("/prompt", json=sent)
            assert "geheim" not in await (await client.get("/queue")).text()

    run(scenario())


def test_the_history_is_cut_from_either_end_and_forgotten_on_request(public, run):
    async def scenario():
        async with public() as client:
            ids = []
            for text in ("a", "b", "c"):
                ids.append((await (await client.post("/prompt", json=prompt(text))).json())["prompt_id"])
            for prompt_id in ids:
                await ended(client, prompt_id)
            assert list(await (await client.get("/history?max_items=2")).json()) == ids[1:]
            assert list(await (await client.get("/history?offset=1&max_items=1")).json()) == [ids[1]]
            await client.post("/history", json={"delete": [ids[0]]})
            assert list(await (await client.get("/history")).json()) == ids[1:]
            await client.post("/history", json={"clear": True})
            assert await (await client.get("/history")).json() == {}
            assert (await client.get("/history?max_items=x")).status == 400

    run(scenario())


def test_the_newer_routes_tell_of_the_same_jobs(public, run):
    async def scenario():
        async with public() as client:
            prompt_id = (await (await client.post("/prompt", json=prompt())).json())["prompt_id"]
            await ended(client, prompt_id)
            listed = await (await client.get("/api/jobs?status=completed,failed,cancelled&limit=64&offset=0")).json()
            assert listed["pagination"] == {"offset": 0, "limit": 64, "total": 1, "has_more": False}
            (job,) = listed["jobs"]
            assert job["id"] == prompt_id and job["status"] == "completed" and job["outputs_count"] == 1
            assert job["execution_end_time"] >= job["execution_start_time"] >= job["create_time"]
            whole = await (await client.get(f"/api/jobs/{prompt_id}")).json()
            assert whole["workflow"]["prompt"]["1"]["class_type"] == "Say" and "2" in whole["outputs"]
            assert (await client.get("/api/jobs?status=lost")).status == 400
            assert (await client.get("/api/jobs/nobody")).status == 404
            assert (await client.get("/api/jobs?status=in_progress,pending")).status == 200

    run(scenario())


def test_jobs_that_wait_are_cancelled_by_the_newer_routes(public, run):
    async def scenario():
        async with public(working=False) as client:
            ids = [(await (await client.post("/prompt", json=prompt(t))).json())["prompt_id"] for t in "abc"]
            await client.post(f"/api/jobs/{ids[0]}/cancel")
            await client.post("/api/jobs/cancel", json={"job_ids": [ids[1]]})
            states = {job["id"]: job["status"] for job in (await (await client.get("/api/jobs")).json())["jobs"]}
            assert [states[prompt_id] for prompt_id in ids] == ["cancelled", "cancelled", "pending"]
            await client.post("/interrupt")  # nothing runs, so nothing happens
            assert (await (await client.get("/prompt")).json())["exec_info"]["queue_remaining"] == 1

    run(scenario())


def test_what_a_pack_refuses_only_in_the_worker_is_addressed_to_its_node():
    problem = {"code": "refused_input", "message": "3 is odd", "node": "13", "input": None}
    said = failure({"message": "13: 3 is odd", "problems": [problem]}, {"13": "Even"})
    assert (said["node_id"], said["node_type"], said["exception_message"]) == ("13", "Even", "3 is odd")
    inside = failure({"message": "no", "node": "4/2", "type": "Inner"}, {"4": "Outer"})
    assert (inside["node_id"], inside["node_type"]) == ("4/2", "Outer")


def test_jobs_are_chosen_by_workflow_and_sorted(public, run):
    async def scenario():
        async with public() as client:
            ids = []
            for name in ("w1", "w2", "w1"):
                extra = {"extra_pnginfo": {"workflow": {"id": name}}}
                reply = await client.post(
                    "/prompt", json=prompt(name) | {"extra_data": extra, "prompt_id": f"id-{len(ids)}"}
                )
                ids.append((await reply.json())["prompt_id"])
                await ended(client, ids[-1])
            assert ids == ["id-0", "id-1", "id-2"]
            found = await (await client.get("/jobs?workflow_id=w1&limit=1&sort_order=asc")).json()
            assert [job["id"] for job in found["jobs"]] == ids[:1]
            assert found["pagination"] == {"offset": 0, "limit": 1, "total": 2, "has_more": True}
            found = await (await client.get("/jobs?sort_by=execution_duration")).json()
            spans = [job["execution_end_time"] - job["execution_start_time"] for job in found["jobs"]]
            assert len(spans) == 3 and spans == sorted(spans, reverse=True)
            for odd in ("sort_by=color", "sort_order=up", "limit=-1"):
                assert (await client.get(f"/jobs?{odd}")).status == 400

    run(scenario())


def test_long_lists_come_whole_and_in_order(public, run):
    async def scenario():
        async with public(working=False) as client:
            for number in range(230):  # more than two pages
                await client.parts.queue.submit(
                    f'{{"format": "patchbay/1", "nodes": {PLACED % number}}}', id=f"j{number}"
                )
            waiting = (await (await client.get("/queue")).json())["queue_pending"]
            assert [item[1] for item in waiting] == [f"j{number}" for number in range(230)]
            assert waiting[7][2]["1"]["inputs"]["seed"] == 7 and waiting[7][4] == ["1"]
            await client.parts.queue.cancel(None)
            assert list(await (await client.get("/history")).json()) == [f"j{number}" for number in range(230)]
            assert list(await (await client.get("/history?max_items=3&offset=-1")).json()) == ["j227", "j228", "j229"]
            assert list(await (await client.get("/history?max_items=120&offset=5")).json())[-1] == "j124"
            head = await client.head("/history")
            assert head.status == 200 and not await head.read()

    run(scenario())
