"""Whatever is sent to a public route, the server answers with a sentence: never with a 500, a traceback or a path."""

import asyncio
import http.client
import json
import threading
from concurrent.futures import Future
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from server.comfyui.routes import public_api

TABLE = [
    *("GET /prompt", "POST /prompt", "GET /queue", "POST /queue", "POST /interrupt", "POST /free", "GET /history"),
    *("POST /history", "GET /history/{}", "GET /object_info", "GET /object_info/{}", "GET /jobs", "POST /jobs/cancel"),
    *("GET /jobs/{}", "POST /jobs/{}/cancel", "GET /view", "POST /upload/image", "POST /upload/mask", "GET /models/{}"),
    *("GET /embeddings", "GET /models", "GET /view_metadata/{}", "GET /experiment/models", "GET /experiment/models/{}"),
    *("GET /experiment/models/preview/{}/{}/{}", "GET /internal/files/{}", "GET /internal/folder_paths"),
    *("GET /internal/logs", "GET /internal/logs/raw", "PATCH /internal/logs/subscribe", "GET /features", "GET /users"),
    *("GET /system_stats", "GET /extensions", "GET /settings", "POST /settings", "GET /settings/{}", "GET /userdata"),
    *("POST /settings/{}", "GET /v2/userdata", "GET /userdata/{}", "POST /userdata/{}", "DELETE /userdata/{}"),
    *("POST /userdata/{}/move/{}", "POST /prompt", "POST /prompt", "POST /upload/image", "POST /upload/mask"),
]
WORDS = (
    *("1", "Say", "text", "seed", "red.png", "checkpoints", "small.safetensors", "input", "output", "workflows", "0"),
    *("true", "success", "completed", "rgb", "webp;90", "created_at", "asc", "a.json", "settings.json", "."),
)
EVIL = (
    *("..", "../../etc/passwd", "..\\..\\x", "C:\\x", "\\\\host\\share", "/etc/passwd", "a\0b", "nul", "con.png", "["),
    *("a:b", "\ud800", "é" * 300, "x" * 5000, "%2e%2e%2f", "\u202e", "-1", "1e400", "'; DROP TABLE job; --", "9" * 400),
)
TEXTS = some.one_of(some.sampled_from(WORDS + EVIL), some.text(max_size=12))
NUMBERS = some.one_of(some.integers(), some.sampled_from([2**63, 2**64, 10**400, -(2**63) - 1]), some.floats())
VALUES = some.recursive(
    some.one_of(some.none(), some.booleans(), NUMBERS, TEXTS),
    lambda inner: some.one_of(some.lists(inner, max_size=3), some.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)
LINKS = some.tuples(some.one_of(some.sampled_from(["1", "2", "9"]), VALUES), some.one_of(some.integers(-2, 3), VALUES))
NODES = some.dictionaries(
    some.sampled_from(["1", "2", "57:3", "a/b", ""]),
    some.one_of(
        some.fixed_dictionaries(
            {
                "class_type": some.one_of(some.sampled_from(["Say", "Write", "Show", "Load"]), VALUES),
                "inputs": some.one_of(
                    some.dictionaries(
                        some.one_of(some.sampled_from(["text", "seed", "times", "image", "ckpt_name"]), TEXTS),
                        some.one_of(VALUES, LINKS),
                        max_size=3,
                    ),
                    VALUES,
                ),
            },
            optional={"_meta": VALUES, "is_changed": VALUES},
        ),
        VALUES,
    ),
    max_size=3,
)
MEMBERS = {
    "prompt": NODES,
    "client_id": VALUES,
    "prompt_id": VALUES,
    "number": VALUES,
    "front": VALUES,
    "partial_execution_targets": some.one_of(VALUES, some.lists(some.sampled_from(["1", "2", "x"]), max_size=2)),
    "extra_data": some.one_of(VALUES, some.fixed_dictionaries({"extra_pnginfo": some.one_of(
        VALUES, some.fixed_dictionaries({"workflow": VALUES})), "preview_method": VALUES})),
    "clear": VALUES,
    "delete": VALUES,
    "unload_models": VALUES,
    "free_memory": VALUES,
    "job_ids": VALUES,
    "clientId": VALUES,
    "enabled": VALUES,
    "Any.Setting": VALUES,
}  # fmt: skip
JSON = some.one_of(
    some.builds(lambda nodes, more: more | {"prompt": nodes}, NODES, some.fixed_dictionaries({}, optional=MEMBERS)),
    some.fixed_dictionaries({}, optional=MEMBERS),
    VALUES,
)
PICTURE = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"RIFF\0\0\0\0WEBPVP8 ",
    b"",
    b"<svg/>",
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
)


@some.composite
def forms(draw):
    """Bodies that are forms, more or less."""
    boundary = draw(some.sampled_from([b"x", b"y"]))
    names = some.sampled_from(["image", "type", "subfolder", "overwrite", "original_ref", ""])
    whole = b""
    for name in draw(some.lists(names, max_size=4)):
        text = quote(draw(TEXTS).encode("utf-8", "surrogatepass")).encode()
        file = b'; filename="%s"' % text if draw(some.booleans()) else b""
        kind = draw(
            some.sampled_from([b"", b"Content-Type: image/png\r\n", b"Content-Type: multipart/mixed; boundary=z\r\n"])
        )
        content = draw(some.one_of(some.sampled_from(PICTURE), some.binary(max_size=30), some.just(text)))
        whole += b'--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n%s\r\n%s\r\n' % (
            boundary, name.encode(), file, kind, content)  # fmt: skip
    return whole + draw(some.sampled_from([b"--x--\r\n", b"--x--", b"", b"--x\r\n"]))


BODIES = some.one_of(
    some.builds(lambda value: json.dumps(value).encode(), JSON),
    forms(),
    some.sampled_from([b"", b"{", b"[" * 100_000, b'{"prompt":' * 5000, b"\xff\xfe{\x00}\x00"]),
    some.binary(max_size=40),
)
ASKED = (
    *(
        "max_items",
        "offset",
        "limit",
        "status",
        "sort_by",
        "sort_order",
        "workflow_id",
        "filename",
        "type",
        "subfolder",
    ),
    *("preview", "channel", "rand", "dir", "recurse", "full_info", "split", "path", "overwrite", "clientId"),
)
QUERY = some.dictionaries(some.sampled_from(ASKED), TEXTS, max_size=3)
FORM = "multipart/form-data; boundary=x"
KINDS = some.sampled_from(["application/json", "text/plain", FORM, FORM[:19], "multipart/mixed; boundary=x", ""])
HEADERS = some.dictionaries(
    some.sampled_from(["Content-Encoding", "If-None-Match", "Range", "Comfy-User", "If-Modified-Since"]),
    some.sampled_from(
        ["gzip", "deflate", '"1"', "*", "bytes=5-1", "bytes=0-99999999999999999999", "x" * 300, "default"]
    ),
    max_size=2,
)


@some.composite
def requests(draw):
    """A method, an address, headers and a body, more or less as some route wants them."""
    method, path = draw(some.sampled_from(TABLE)).split(" ")
    while "{}" in path:
        safe = draw(some.sampled_from(["", "/"]))
        path = path.replace("{}", quote(draw(TEXTS).encode("utf-8", "surrogatepass"), safe=safe) or "a", 1)
    query = "&".join(f"{name}={quote(text.encode('utf-8', 'surrogatepass'))}" for name, text in draw(QUERY).items())
    other = draw(some.sampled_from([method] * 8 + ["PUT", "HEAD", "OPTIONS"]))
    prefix = draw(some.sampled_from(["", "/api"]))
    return other, f"{prefix}{path}?{query}"[:7000], {"Content-Type": draw(KINDS)} | draw(HEADERS), draw(BODIES)


@pytest.fixture(scope="module")
def address(tmp_path_factory, served_below):
    """A server with the public routes in a thread of its own."""
    started: Future = Future()
    base = tmp_path_factory.mktemp("hostile")

    async def serve() -> None:
        async with served_below(base, edges=(public_api(base / "user"),)) as client:
            ended = asyncio.Event()
            started.set_result((str(client.make_url("/")), asyncio.get_running_loop(), ended))
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    url, loop, ended = started.result(timeout=30)
    yield url
    loop.call_soon_threadsafe(ended.set)
    thread.join()


@given(requests())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_is_too_odd_for_a_sentence(address, request_):
    check(address, *request_)


@pytest.mark.full
@given(requests())
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_none_of_ten_thousand_is(address, request_):
    check(address, *request_)


def check(url, method, path, headers, body):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    assert answer.status < 500, said
    assert b"Traceback" not in said and b"/hostile" not in said and b"site-packages" not in said
    if answer.status < 400 or method == "HEAD" or answer.headers.get_content_type() == "text/plain":
        return
    if answer.status == 416:  # a file has no such part: its length is in a header, there is nothing else to say
        assert answer.headers["Content-Range"]
        return
    told = json.loads(said)
    sentence = told["error"]["message"] if "error" in told else told["detail"]
    assert isinstance(sentence, str) and sentence


def test_a_body_that_is_packed_so_that_its_end_never_comes_is_refused_at_once(address):
    for path in ("/prompt", "/api/v1/jobs"):
        check(address, "POST", path, {"Content-Type": "application/json", "Content-Encoding": "deflate"}, b"{}")
