"""The public WebSocket: what a client hears of its job, and how much."""

import asyncio
import json
import struct
import time

from PIL import Image

from graph.declare import Resource, node
from graph.registry import Registry
from graph.reporting import Progress
from server.comfyui.clients import BACKLOG, Client
from workflows.checking import World
from workflows.outputs import OutputFolder, SavedFile


@node("Steps", category="test")
def steps(progress: Resource[Progress], count: int = 3, label: str = "") -> int:
    """Count with pictures."""
    for done in range(count):
        progress(done + 1, count, lambda: Image.new("RGB", (8, 8)))
        time.sleep(0.03)  # what nobody had time to see is not told
    return count


@node("Fail", category="test")
def fail(number: int) -> int:
    """Fail."""
    raise ValueError("it cannot be done")


@node("Keep", category="test")
def keep(outputs: Resource[OutputFolder], number: int) -> SavedFile:
    """Write a number."""
    return outputs.save("kept", ".txt", lambda path: path.write_text(str(number)))


WORLD = World(Registry(steps, fail, keep))
STEPS = {
    "1": {"class_type": "Steps", "inputs": {"count": 3}},
    "2": {"class_type": "Keep", "inputs": {"number": ["1", 0]}},
}


async def heard(socket, until="executing"):
    """Messages up to the one that says that the job is over."""
    found = []
    async with asyncio.timeout(10):
        async for message in socket:
            found.append(json.loads(message.data) if isinstance(message.data, str) else message.data)
            if isinstance(found[-1], dict) and found[-1]["type"] == until and found[-1]["data"].get("node", "") is None:
                return found
    raise AssertionError(found)


def kinds(messages):
    return [message["type"] if isinstance(message, dict) else "preview" for message in messages]


def test_a_run_is_told_in_the_order_that_clients_know(public, run):
    async def scenario():
        async with public(world=WORLD) as client, client.ws_connect("/ws?clientId=me") as socket:
            first = await socket.receive_json()
            assert first["data"] == {"status": {"exec_info": {"queue_remaining": 0}}, "sid": "me"}
            reply = await client.post("/prompt", json={"prompt": STEPS, "client_id": "me"})
            prompt_id = (await reply.json())["prompt_id"]
            messages = await heard(socket)
            texts = [kind for kind in kinds(messages) if kind not in ("status", "preview")]
            assert texts[:3] == ["execution_start", "execution_cached", "progress_state"]
            assert texts[-2:] == ["execution_success", "executing"]
            assert {"progress", "executed", "executing"} <= set(texts)
            told = [message for message in messages if isinstance(message, dict)]
            assert all(message["data"].get("prompt_id", prompt_id) == prompt_id for message in told)
            (executed,) = [message["data"] for message in told if message["type"] == "executed"]
            assert executed["output"] == {
                "images": [{"filename": "kept_00001_.txt", "subfolder": "", "type": "output"}]
            }
            states = [message["data"]["nodes"] for message in told if message["type"] == "progress_state"]
            assert all(len(nodes) == 1 for nodes in states)  # what changed, however large the graph
            assert states[-1]["2"]["state"] == "finished"

    run(scenario())


def test_previews_come_with_metadata_to_those_who_asked(public, run):
    async def scenario():
        async with public(world=WORLD) as client:
            for flags, kind in (({}, 1), ({"supports_preview_metadata": True}, 4)):
                async with client.ws_connect("/ws?clientId=me") as socket:
                    await socket.send_json({"type": "feature_flags", "data": flags})
                    greeted = {(await socket.receive_json())["type"] for _ in range(2)}
                    assert greeted == {"status", "feature_flags"}
                    count = 4 + kind  # another prompt each time, or it would not run
                    nodes = STEPS | {"1": {"class_type": "Steps", "inputs": {"count": count}}}
                    await client.post("/prompt", json={"prompt": nodes, "client_id": "me"})
                    messages = await heard(socket)
                    frames = [message for message in messages if isinstance(message, bytes)]
                    assert frames and {struct.unpack(">I", frame[:4])[0] for frame in frames} == {kind}
                    length = struct.unpack(">I", frames[0][4:8])[0]
                    if kind == 4:
                        assert json.loads(frames[0][8 : 8 + length])["node_id"] == "1"
                        assert frames[0][8 + length :][:2] == b"\xff\xd8"
                    else:
                        assert length == 1 and frames[0][8:10] == b"\xff\xd8"

    run(scenario())


def test_a_failure_names_the_node_and_leaks_nothing(public, run):
    async def scenario():
        async with public(world=WORLD) as client, client.ws_connect("/ws?clientId=me") as socket:
            nodes = {
                "1": {"class_type": "Fail", "inputs": {"number": 1}},
                "2": {"class_type": "Keep", "inputs": {"number": ["1", 0]}},
            }
            await client.post("/prompt", json={"prompt": nodes, "client_id": "me"})
            messages = await heard(socket)
            (error,) = [m["data"] for m in messages if isinstance(m, dict) and m["type"] == "execution_error"]
            assert (error["node_id"], error["node_type"]) == ("1", "Fail")
            assert error["exception_message"] == "it cannot be done" and error["traceback"] == []

    run(scenario())


def test_jobs_of_others_are_not_told_but_the_queue_is(public, run):
    async def scenario():
        async with public(world=WORLD) as client, client.ws_connect("/ws?clientId=other") as socket:
            async with client.ws_connect("/ws?clientId=me") as mine:
                await client.post("/prompt", json={"prompt": STEPS, "client_id": "me"})
                await heard(mine)
            await asyncio.sleep(0.3)
            said = []
            while True:
                try:
                    said.append(json.loads((await socket.receive(timeout=0.2)).data))
                except TimeoutError:
                    break
            assert set(kinds(said)) == {"status"} and said[-1]["data"]["status"]["exec_info"]["queue_remaining"] == 0

    run(scenario())


def test_a_client_that_comes_back_takes_the_place_of_its_older_self(public, run):
    async def scenario():
        async with public(world=WORLD, working=False) as client:
            older = await client.ws_connect("/ws?clientId=me")
            await older.receive_json()
            async with client.ws_connect("/ws?clientId=me") as newer:
                assert (await newer.receive_json())["data"]["sid"] == "me"
                assert (await older.receive(timeout=5)).type.name in ("CLOSE", "CLOSED", "CLOSING")

    run(scenario())


def test_a_client_without_a_name_is_given_one_and_nonsense_is_passed_over(public, run):
    async def scenario():
        async with public(world=WORLD, working=False) as client, client.ws_connect("/ws") as socket:
            assert (await socket.receive_json())["data"]["sid"]
            for nonsense in ("{", "[]", "null", '{"type": 3}', '{"type": "feature_flags", "data": 3}'):
                await socket.send_str(nonsense)
            assert (await socket.receive_json(timeout=5))["type"] == "feature_flags"

    run(scenario())


def test_lines_of_the_log_reach_those_who_asked(public, run):
    import logging

    async def scenario():
        async with public(world=WORLD, working=False) as client, client.ws_connect("/ws?clientId=me") as socket:
            await socket.receive_json()
            wanted = {"clientId": "me", "enabled": True}
            assert (await client.patch("/internal/logs/subscribe", json=wanted)).status == 200
            await asyncio.sleep(0.05)
            logging.getLogger("patchbay.test").warning("something happened")
            message = await socket.receive_json(timeout=5)
            assert message["type"] == "logs" and "something happened" in message["data"]["entries"][0]["m"]
            assert "something happened" in await (await client.get("/internal/logs")).json()
            assert (await client.patch("/internal/logs/subscribe", json={"clientId": 1})).status == 400

    run(scenario())


def test_events_grow_with_what_happens_and_not_with_the_graph(public, run):
    async def bytes_of(count, public):
        async with public(world=WORLD) as client, client.ws_connect("/ws?clientId=me") as socket:
            nodes = {f"s{n}": {"class_type": "Steps", "inputs": {"count": 2, "label": str(n)}} for n in range(count)}
            nodes |= {f"k{n}": {"class_type": "Keep", "inputs": {"number": [f"s{n}", 0]}} for n in range(count)}
            await client.post("/prompt", json={"prompt": nodes, "client_id": "me"})
            messages = await heard(socket)
            return sum(len(json.dumps(message)) for message in messages if isinstance(message, dict))

    async def scenario():
        few, many = await bytes_of(5, public), await bytes_of(20, public)
        assert many < 6 * few  # four times the nodes, and not sixteen times the bytes

    run(scenario())


def test_however_many_listen_a_job_is_looked_up_once(public, run):
    async def scenario():
        async with public(world=WORLD) as client:
            queue = client.parts.queue
            reads, job_of, events_of = [], queue.job, queue.events
            sockets = [await client.ws_connect(f"/ws?clientId=c{number}") for number in range(50)]
            for socket in sockets:
                await socket.receive_json()

            async def counted_job(job_id):
                reads.append("job")
                return await job_of(job_id)

            async def counted_events(*arguments, **more):
                reads.append("events")
                return await events_of(*arguments, **more)

            queue.job, queue.events = counted_job, counted_events
            await client.post("/prompt", json={"prompt": STEPS})  # nobody's, so everybody hears of it
            everybody = await asyncio.gather(*(heard(socket) for socket in sockets))
            texts = [[m["type"] for m in said if isinstance(m, dict) and m["type"] != "status"] for said in everybody]
            assert all("executed" in said and said[-2:] == ["execution_success", "executing"] for said in texts)
            assert len(reads) <= 4, reads
            for socket in sockets:
                await socket.close()

    run(scenario())


def test_a_client_that_does_not_read_is_cut_off_and_others_hear_on():
    class Cut:
        cut = False

        def abort(self):
            self.cut = True

    cut = Cut()
    client = Client("me", None, cut)
    for number in range(100_000):  # of what only the last counts, one waits
        client.push(f"progress {number}", ("progress", "1"))
    assert not cut.cut and len(client._waiting) == 1
    size = 0
    while not cut.cut:
        client.push("x" * 1000)
        size += 1000
        assert size <= 2 * BACKLOG
    assert not client._waiting


def test_a_client_that_comes_back_hears_which_node_is_running(public, run):
    async def scenario():
        async with public(world=WORLD) as client:
            nodes = {"1": {"class_type": "Steps", "inputs": {"count": 40}}, "2": STEPS["2"]}
            async with client.ws_connect("/ws?clientId=me") as socket:
                await client.post("/prompt", json={"prompt": nodes, "client_id": "me"})
                while (await socket.receive_json())["type"] != "executing":
                    pass
            async with client.ws_connect("/ws?clientId=me") as again:
                assert (await again.receive_json())["type"] == "status"
                said = await again.receive_json()
                assert said["type"] == "executing" and said["data"]["node"] == "1"
                assert kinds(await heard(again))[-3:] == ["execution_success", "status", "executing"]

    run(scenario())
