"""The server about itself."""


async def get(client, path):
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.json()


def test_the_node_list_is_sent_once_until_it_changes(ask, base):
    async def script(client):
        first = await client.get("/api/v1/nodes")
        said = {"If-None-Match": first.headers["ETag"]}
        again = await client.get("/api/v1/nodes", headers=said)
        (base / "models/checkpoints/other.safetensors").write_bytes(b"")
        changed = await client.get("/api/v1/nodes", headers=said)
        return await first.json(), again.status, await changed.json(), await get(client, "/api/v1/choices/checkpoints")

    first, again, changed, choices = ask(script)
    assert first["nodes"]["Say"]["inputs"][1]["widget"] == {"kind": "Seed"}
    assert first["nodes"]["Say"]["description"] == "Say something." and first["choices"]["images"] == ["red.png"]
    assert again == 304 and changed["choices"]["checkpoints"] == choices == ["other.safetensors", "small.safetensors"]


def test_pausing_holds_over_what_is_asked_next(ask):
    async def script(client):
        await client.post("/api/v1/queue/pause")
        paused = await get(client, "/api/v1/queue")
        await client.post("/api/v1/queue/resume")
        return paused["paused"], (await get(client, "/api/v1/queue"))["paused"]

    assert ask(script) == (True, False)


def test_metrics_are_counted_by_route_and_not_by_address(ask):
    async def script(client):
        for number in range(3):
            await client.get(f"/api/v1/jobs/{number}")
        await client.get("/nothing/at/all")
        answer = await client.get("/metrics")
        return answer.headers["Content-Type"], await answer.text()

    kind, text = ask(script)
    assert kind.startswith("text/plain; version=0.0.4")
    lines = text.splitlines()
    counted = [line for line in lines if line.startswith("patchbay_http_requests_total") and "jobs" in line]
    assert len(counted) == 1 and counted[0].endswith(" 3") and 'status="404"' in counted[0]
    assert "at/all" not in text and 'patchbay_jobs{state="queued"} 0' in lines
    assert all(line.startswith("#") or float(line.rsplit(" ", 1)[1]) >= 0 for line in lines)


def test_stats_tell_memory_disk_and_jobs(ask):
    stats = ask(lambda client: get(client, "/api/v1/stats"))
    assert stats["rss"] > 1e6 and stats["disk"]["free"] > 0 and stats["jobs"]["queued"] == 0


def test_tokens_are_counted_as_the_text_encoder_does(ask):
    async def script(client):
        answers = [
            await client.post("/api/v1/tokens", json=body)
            for body in ({"text": "a (red:1.2) cat, embedding:gone"}, {"text": "cat " * 80, "rules": "a1111"})
        ]
        return [await answer.json() for answer in answers]

    short, long = ask(script)
    assert short == {"count": 4, "chunks": 1, "limit": 75, "unknown": ["gone"]}
    assert long == {"count": 80, "chunks": 2, "limit": 150, "unknown": []}


def test_letting_go_reaches_the_workers(ask):
    asked = []

    class Workers:
        def workers(self):
            return [{"device": "cpu", "state": "idle"}]

        async def free(self, *, models, cache):
            asked.append((models, cache))

    async def script(client):
        await client.post("/api/v1/free")
        await client.post("/api/v1/free", json={"cache": False})
        return await get(client, "/api/v1/queue")

    assert ask(script, workers=Workers())["workers"] == [{"device": "cpu", "state": "idle"}]
    assert asked == [(True, True), (True, False)]


def test_the_page_about_the_api_needs_nobody_else(ask):
    async def script(client):
        page, code = await client.get("/api/docs"), await client.get("/api/docs.js")
        openapi = await get(client, "/api/openapi.json")
        return await page.text(), await code.text(), openapi

    page, code, openapi = ask(script)
    assert "http://" not in page + code and "https://" not in page + code and "innerHTML" not in code
    assert openapi["openapi"].startswith("3.1")
