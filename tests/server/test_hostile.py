"""Whatever is sent, the server answers with a sentence: never with a 500, a traceback or a path of its machine."""

import http.client
import json
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from server.app import routes

WORDS = ("1", "Say", "text", "seed", "nodes", "document", "picture", "format", "inputs", "definitions", "all")
EVIL = (
    *("..", "../../etc/passwd", "..\\..\\x", "C:\\x", "\\\\host\\share", "/etc/passwd", "a\0b", "nul", "con.png"),
    *("a:b", "\ud800", "é" * 300, "x" * 5000, "%2e%2e%2f", "\u202e", "-1", "1e400", "'; DROP TABLE job; --"),
)
NUMBERS = some.one_of(
    some.integers(), some.sampled_from([2**63, 2**64 - 1, 2**64, 10**400, -(2**63) - 1]), some.floats()
)
TEXTS = some.one_of(some.sampled_from(WORDS + EVIL), some.text(max_size=20))
VALUES = some.recursive(
    some.one_of(some.none(), some.booleans(), NUMBERS, TEXTS),
    lambda inner: some.one_of(some.lists(inner, max_size=4), some.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
NODES = some.dictionaries(
    some.sampled_from(["1", "2", "3", "a:b", ""]),
    some.one_of(
        some.fixed_dictionaries(
            {
                "class_type": some.one_of(some.sampled_from(["Say", "Write", "Show", "Load", "subgraph:a"]), TEXTS),
                "inputs": some.one_of(
                    some.dictionaries(
                        some.one_of(some.sampled_from(["text", "seed", "times", "image", "ckpt_name"]), TEXTS),
                        some.one_of(VALUES, some.tuples(some.sampled_from(["1", "2", "3"]), some.integers(-1, 2))),
                        max_size=3,
                    ),
                    VALUES,
                ),
            }
        ),
        VALUES,
    ),
    max_size=3,
)
DOCUMENTS = some.builds(
    lambda nodes, members: {"format": "patchbay/1", "nodes": nodes} | members,
    NODES,
    some.dictionaries(
        some.sampled_from(
            ["modes", "definitions", "inputs", "outputs", "requires", "controls", "hashes", "title", "notes"]
        ),
        VALUES,
        max_size=2,
    ),
)
NAMED_VALUES = some.dictionaries(TEXTS, VALUES, max_size=2)
JSON = some.one_of(
    VALUES,
    NODES,
    DOCUMENTS,
    some.builds(lambda document, more: {"document": document} | more, DOCUMENTS, NAMED_VALUES),
    some.builds(lambda document, values: {"document": document, "parameters": values}, DOCUMENTS, NAMED_VALUES),
)
RAW = (
    *(b"", b"{", b"[" * 100_000, b'{"a":' * 5000, b"\xff\xfe{\x00}\x00"),
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP"),
)
BODIES = some.one_of(
    some.builds(lambda value: json.dumps(value).encode(), JSON),
    some.sampled_from(RAW),
    some.binary(max_size=60),
    some.builds(lambda rest: b"\x89PNG\r\n\x1a\n\0\0\0\x20zTXtprompt\0\0" + rest, some.binary(max_size=80)),
)
KINDS = some.sampled_from(
    ["application/json", "text/plain", "image/png", "multipart/form-data", "multipart/form-data; boundary=x", "a/b", ""]
)
HEADERS = some.dictionaries(
    some.sampled_from(["Content-Encoding", "If-Match", "If-None-Match", "Idempotency-Key", "Range", "Expect"]),
    some.sampled_from(["gzip", "br", '"1"', "*", "bytes=5-1", "bytes=0-99999999999999999999", "x" * 300, "100"]),
    max_size=2,
)
KNOWN = ("input", "checkpoints", "red.png", "greetings", "images", "small.safetensors")
PARTS = some.one_of(some.sampled_from([*KNOWN, *WORDS, *EVIL]), some.text(max_size=8))


ROUTES = [
    route
    for route in routes()
    if not route.path.endswith(("/socket", "/events"))
    for _ in range(4 if route.body else 1)  # what takes a body can go wrong in more ways
]


@some.composite
def requests(draw):
    """A method, an address, headers and a body, more or less as some route wants them."""
    route = draw(some.sampled_from(ROUTES))
    path = "/".join(
        quote(draw(PARTS).encode("utf-8", "surrogatepass"), safe=draw(some.sampled_from(["", "/"])))
        if part.startswith("{")
        else part
        for part in route.path.split("/")
    )
    names = [member.name for member in route.query] + ["other"]
    query = draw(some.dictionaries(some.sampled_from(names), PARTS, max_size=2))
    asked = "&".join(f"{name}={quote(text.encode('utf-8', 'surrogatepass'))}" for name, text in query.items())
    method = draw(some.sampled_from([route.method] * 6 + ["PUT", "DELETE", "HEAD", "OPTIONS", "PROPFIND"]))
    headers = {"Content-Type": draw(KINDS)} | draw(HEADERS)
    return method, f"{path}?{asked}"[:7000], headers, draw(BODIES)


@given(requests())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_is_too_odd_for_a_sentence(live_server, request_):
    check(live_server, *request_)


@pytest.mark.full
@given(requests())
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_none_of_ten_thousand_is(live_server, request_):
    check(live_server, *request_)


def check(url: str, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    assert answer.status < 500, said
    assert b"Traceback" not in said and b"/base/" not in said and b"site-packages" not in said
    if answer.status in (400, 417) and answer.headers.get_content_type() == "text/plain":
        return  # what is no HTTP, or asks for another one, is answered before anything of ours sees it
    if answer.status >= 400 and method != "HEAD":
        assert answer.headers.get_content_type() == "application/problem+json", (answer.status, said)
        assert json.loads(said)["detail"]
