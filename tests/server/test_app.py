"""The application as a whole: errors have one shape, the editor is served, nothing of the inside shows."""

import gzip

import pytest

from server.parts import Limits


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("POST", "/api/v1/nothing", 404),
        ("GET", "/nothing.js", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404),
        ("PATCH", "/api/v1/jobs", 405),
        ("POST", "/", 405),
    ],
)
def test_an_address_that_is_nothing_has_a_sentence(ask, method, path, status):
    async def script(client):
        answer = await client.request(method, path)
        return answer, await answer.json(content_type="application/problem+json")

    answer, body = ask(script)
    assert answer.status == body["status"] == status
    assert body["detail"] and body["instance"]
    assert status != 405 or "GET" in answer.headers["Allow"]


def test_a_fault_of_ours_tells_its_number_and_nothing_else(ask, caplog):
    def fail(path):
        raise RuntimeError("a secret of /home/me")

    async def script(client):
        answer = await client.get("/api/v1/models/checkpoints/small.safetensors")
        return answer.status, await answer.json(content_type="application/problem+json")

    status, body = ask(script, describe=fail)
    assert status == 500 and "secret" not in str(body)
    number = body["detail"].split()[-1]
    assert number in caplog.text and "secret" in caplog.text


def test_a_body_that_is_too_large_is_refused_before_it_is_read(ask):
    async def script(client):
        answer = await client.post("/api/v1/jobs", data=b" " * 2000)
        return answer.status, await answer.json(content_type="application/problem+json")

    status, body = ask(script, limits=Limits(document=1000))
    assert status == 413 and "larger" in body["detail"]


def test_a_packed_body_is_taken_and_one_that_unpacks_to_too_much_is_not(ask):
    async def script(client):
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        path, small, large = "/api/v1/check", b'{"document": {}}', b" " * 10_000_000
        packed = [await client.post(path, data=gzip.compress(body), headers=headers) for body in (small, large)]
        broken = await client.post(path, data=b"not gzip", headers=headers)
        return [answer.status for answer in (*packed, broken)]

    assert ask(script, limits=Limits(document=1_000_000)) == [200, 413, 400]


def test_every_answer_forbids_sniffing_framing_and_scripts(ask):
    async def script(client):
        return [await client.get(path) for path in ("/", "/api/v1/queue", "/nothing", "/api/v1/folders/input/red.png")]

    for answer in ask(script):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]
        assert "Server" not in answer.headers or "Python" not in answer.headers["Server"]


def test_the_page_says_what_to_do_where_the_editor_is_not_built(ask):
    async def script(client):
        answer = await client.get("/")
        return answer.status, await answer.text()

    status, text = ask(script)
    assert status == 200 and "npm run build" in text


def test_the_editor_is_packed_and_asked_for_again_only_when_it_changed(ask, base):
    (base / "web/index.html").write_text("<!doctype html><title>Editor</title>")
    (base / "web/assets").mkdir()
    (base / "web/assets/main.js").write_text("console.log(1);" * 100)

    async def script(client):
        page = await client.get("/")
        code = await client.get("/assets/main.js")
        again = await client.get("/assets/main.js", headers={"If-None-Match": code.headers["ETag"]})
        (base / "web/assets/main.js").write_text("console.log(2);" * 101)
        changed = await client.get("/assets/main.js", headers={"If-None-Match": code.headers["ETag"]})
        return page, code, await code.text(), again, changed

    page, code, text, again, changed = ask(script)
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert code.content_type == "text/javascript" and code.headers["Content-Encoding"] == "gzip" and len(text) == 1500
    assert code.headers["Cache-Control"] == "no-cache"
    assert (again.status, changed.status) == (304, 200)
