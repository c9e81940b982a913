"""What happens reaches those who listen, on every channel the same."""

import asyncio
import json
import struct

import aiohttp
import pytest

from server.jobs import State
from server.socket import SOCKETS

DOCUMENT = {"1": {"class_type": "Say", "inputs": {}}, "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}}}


async def submit(client):
    return (await (await client.post("/api/v1/jobs", json=DOCUMENT)).json())["job"]["id"]


async def run(client, job):
    queue = client.parts.queue
    await queue.claim("w")
    await queue.record(job, [("node_started", {"node": "1"})])
    await queue.finish(job, "w", State.SUCCEEDED)


async def read_stream(answer):
    """The events of a stream until it ends, as (id, type, data)."""
    found, said = [], {}
    async for line in answer.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            said[name] = value
        elif "data" in said:
            found.append((said.get("id"), said["event"], json.loads(said["data"])))
            said = {}
    return found


def test_the_stream_of_a_job_ends_with_it(ask):
    async def script(client):
        job = await submit(client)
        answer = await client.get(f"/api/v1/jobs/{job}/events", headers={"Accept": "text/event-stream"})
        live = asyncio.create_task(read_stream(answer))
        await run(client, job)
        seen = await live
        later = await client.get(f"/api/v1/jobs/{job}/events?after=1", headers={"Accept": "text/event-stream"})
        page = await (await client.get(f"/api/v1/jobs/{job}/events")).json()
        return answer, seen, await read_stream(later), page

    answer, seen, later, page = ask(script)
    assert answer.content_type == "text/event-stream"
    assert [kind for _, kind, _ in seen] == ["queued", "started", "node_started", "succeeded"]
    assert [number for number, _, _ in seen] == ["1", "2", "3", "4"]
    assert [said for _, _, said in seen] == page["events"] and later == seen[1:]


def test_a_stream_goes_on_over_a_second_attempt(ask):
    async def script(client):
        job = await submit(client)
        queue = client.parts.queue
        await queue.cancel([job])
        await queue.retry(job)
        answer = await client.get(f"/api/v1/jobs/{job}/events", headers={"Accept": "text/event-stream"})
        live = asyncio.create_task(read_stream(answer))
        await run(client, job)
        return await live

    assert [kind for _, kind, _ in ask(script)][-1] == "succeeded"


def test_a_long_poll_waits_for_the_first_event_and_no_longer_than_asked(ask):
    async def script(client):
        quiet = await (await client.get("/api/v1/events?wait=0.05")).json()
        waiting = asyncio.create_task(client.get("/api/v1/events?wait=20"))
        await asyncio.sleep(0.05)
        job = await submit(client)
        return quiet, await (await waiting).json(), job

    quiet, page, job = ask(script)
    assert quiet == {"events": [], "next": 0}
    assert page["events"][0]["job"] == job and page["next"] == 1


def test_a_page_after_what_has_not_happened_says_so_and_where_to_go_on(ask):
    async def script(client):
        await submit(client)
        last = client.parts.hub.last
        return last, await (await client.get("/api/v1/events?after=1000&wait=30")).json()

    last, page = ask(script)
    assert page["next"] == last
    assert [(event["type"], event["data"]["seq"]) for event in page["events"]] == [("lagged", last)]


def test_a_stream_that_broke_goes_on_where_it_was(ask):
    async def script(client):
        job = await submit(client)
        headers = {"Accept": "text/event-stream", "Last-Event-ID": "0"}
        answer = await client.get("/api/v1/events", headers=headers)
        lines = [await answer.content.readline() for _ in range(5)]
        return job, json.loads(next(line for line in lines if line.startswith(b"data"))[5:])

    job, said = ask(script)
    assert (said["seq"], said["job"]) == (1, job)


async def next_of(socket, kind):
    while True:
        said = await socket.receive(timeout=10)
        assert said.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), said
        if said.type == aiohttp.WSMsgType.BINARY:
            if kind == "binary":
                return said.data
        elif (event := json.loads(said.data))["type"] == kind:
            return event


def test_the_socket_tells_what_was_missed_then_what_happens_with_previews_as_bytes(ask):
    async def script(client):
        job = await submit(client)
        async with client.ws_connect("/api/v1/socket?after=0") as socket:
            queued = await next_of(socket, "queued")
            client.parts.queue.volatile(job, "progress", {"node": "1", "done": 1, "total": 4})
            client.parts.queue.volatile(job, "preview", {"node": "1"}, b"JPEG")
            return job, queued, await next_of(socket, "progress"), await next_of(socket, "binary")

    job, queued, progress, frame = ask(script)
    assert queued["seq"] == 1 and queued["job"] == job
    assert progress["seq"] is None and progress["data"]["done"] == 1
    (length,) = struct.unpack(">I", frame[:4])
    assert json.loads(frame[4 : 4 + length]) == {"job": job, "node": "1", "media_type": "image/jpeg"}
    assert frame[4 + length :] == b"JPEG"


def test_a_client_hears_only_of_what_it_watches(ask):
    async def script(client):
        one, two = await submit(client), await submit(client)
        async with client.ws_connect("/api/v1/socket") as socket:
            await socket.send_str(json.dumps({"watch": {"jobs": [two], "previews": False}}))
            watching = await next_of(socket, "watching")
            client.parts.queue.volatile(one, "progress", {"node": "1", "done": 1, "total": 2})
            client.parts.queue.volatile(two, "preview", {"node": "1"}, b"JPEG")
            client.parts.queue.volatile(two, "progress", {"node": "1", "done": 2, "total": 2})
            return two, watching, json.loads((await socket.receive(timeout=10)).data)

    two, watching, said = ask(script)
    assert watching["data"] == {"jobs": [two], "previews": False}
    assert (said["job"], said["type"]) == (two, "progress")


@pytest.mark.parametrize("said", ["{", "[]", '{"watch": {"jobs": 3}}', '{"watch": {}, "x": 1}', "[" * 5000])
def test_what_a_client_says_wrongly_is_answered_and_the_socket_stays(ask, said):
    async def script(client):
        async with client.ws_connect("/api/v1/socket") as socket:
            await socket.send_str(said)
            refused = await next_of(socket, "refused")
            await socket.send_bytes(b"\xff")
            await next_of(socket, "refused")
            await socket.send_str('{"watch": {}}')
            return refused, await next_of(socket, "watching")

    refused, _ = ask(script)
    assert refused["data"]["message"]


def test_a_client_that_never_reads_holds_little_and_keeps_nobody_waiting(ask):
    async def script(client):
        job = await submit(client)
        reader, writer = await asyncio.open_connection(client.host, client.port, limit=1000)
        lines = (
            *("GET /api/v1/socket HTTP/1.1", f"Host: 127.0.0.1:{client.port}", "Upgrade: websocket"),
            *(
                "Connection: Upgrade",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                "",
                "",
            ),
        )
        writer.write("\r\n".join(lines).encode())
        await reader.readuntil(b"\r\n\r\n")
        reader._transport.pause_reading()
        async with client.ws_connect("/api/v1/socket") as other:
            for number in range(200):
                client.parts.queue.volatile(job, "preview", {"node": str(number % 5)}, b"x" * 100_000)
                client.parts.queue.volatile(job, "progress", {"node": "1", "done": number, "total": 200})
                await asyncio.sleep(0)
            while (await next_of(other, "progress"))["data"]["done"] < 199:
                pass
        held = max(one._req.transport.get_write_buffer_size() for one in client.app[SOCKETS].open)
        writer.close()
        return held

    assert ask(script) < 2_000_000


def test_another_page_cannot_listen(ask):
    async def script(client):
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await client.ws_connect("/api/v1/socket", origin="http://evil.example")
        plain = await client.get("/api/v1/socket")
        return error.value.status, plain.status

    assert ask(script) == (403, 400)


def test_clients_are_told_when_the_server_ends(ask):
    async def script(client):
        socket = await client.ws_connect("/api/v1/socket")
        receiving = asyncio.create_task(socket.receive(timeout=10))
        await client.app.shutdown()
        return (await receiving), socket.close_code

    said, code = ask(script)
    assert said.type is aiohttp.WSMsgType.CLOSE and code == aiohttp.WSCloseCode.GOING_AWAY
