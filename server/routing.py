"""Routes as values: what is declared here is what is served, what is checked, and what OpenAPI says."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import hdrs, web

from server.fields import Kind, Member, parse
from server.parts import PARTS, Parts
from server.refusals import Refused, bad_request
from workflows.lenient_json import NotJson, is_finite, read_json, write_json

PREFIX = "/api/v1"
DEEP = ".+"
"""The pattern of a parameter of a path that takes slashes."""
TOKEN = "token"
"""The query parameter that every route takes."""


@dataclass(frozen=True)
class Body:
    """What a request carries: JSON of this kind, and further media types.

    It reaches the function as ``json`` (read by ``kind``), as ``bytes``, or not at all: a ``stream`` it reads itself.
    """

    kind: Kind | None = None
    media_types: tuple[str, ...] = ("application/json",)
    required: bool = True
    taken_as: Literal["json", "bytes", "stream"] = "json"


@dataclass(frozen=True)
class Reply:
    """One way in which a route answers: the name of a schema of `server.schemas`, or media types of bytes."""

    about: str
    schema: str = ""
    media_types: tuple[str, ...] = ("application/json",)


@dataclass
class Call:
    """One request to a declared route, with everything read that the declaration names."""

    request: web.Request
    parts: Parts
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


Answer = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    answer: Answer
    tag: str
    summary: str
    replies: Mapping[int, Reply]
    in_path: tuple[Member, ...] = ()
    query: tuple[Member, ...] = ()
    headers: tuple[Member, ...] = ()
    body: Body | None = None
    patterns: Mapping[str, str] = field(default_factory=dict)
    """Regular expressions of those parameters of the path that are not just one part of it."""

    @property
    def pattern(self) -> str:
        """The path as aiohttp spells it."""
        path = self.path
        for name, pattern in self.patterns.items():
            path = path.replace(f"{{{name}}}", f"{{{name}:{pattern}}}")
        return path

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Read what is declared, call the function, and write what it returns as JSON."""
        call = Call(request, request.app[PARTS])
        call.path = {
            member.name: parse(member.kind, request.match_info[member.name], f"{member.name!r} in the path")
            for member in self.in_path
        }
        call.query = self._query(request)
        call.headers = {
            member.name: parse(member.kind, request.headers[member.name], f"the header {member.name}")
            if member.name in request.headers
            else member.default
            for member in self.headers
        }
        if self.body is not None:
            call.body = await read_body(request, self.body)
        returned = await self.answer(call)
        return returned if isinstance(returned, web.StreamResponse) else json_response(returned)

    def _query(self, request: web.Request) -> dict[str, Any]:
        known = {member.name: member for member in self.query}
        found = {member.name: member.default for member in self.query}
        for name, text in request.query.items():
            if name == TOKEN:
                continue
            if name not in known:
                takes = f"this takes {', '.join(known)}" if known else "this takes none"
                raise bad_request(f"there is no parameter {name[:100]!r}; {takes}")
            found[name] = parse(known[name].kind, text, f"the parameter {name!r}")
        for member in self.query:
            if member.required and member.name not in request.query:
                raise bad_request(f"the parameter {member.name!r} is missing: {member.about}")
        return found


class Routes:
    """The routes of one file, under one heading of the documentation."""

    def __init__(self, tag: str):
        self.tag = tag
        self.declared: list[Route] = []

    def add(
        self, method: str, path: str, summary: str, *, status: int = 200, below: str = PREFIX, **options: Any
    ) -> Callable[[Answer], Answer]:
        """Declare the decorated function as the answer of a route.

        Its answer has ``status`` and is described by ``reply`` (a schema's name or a Reply) beside further ``replies``.
        """

        def declare(answer: Answer) -> Answer:
            reply = options.pop("reply", "")
            first = reply if isinstance(reply, Reply) else Reply(summary, reply)
            replies = {status: first} | options.pop("replies", {})
            self.declared.append(Route(method, below + path, answer, self.tag, summary, replies, **options))
            return answer

        return declare


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json"
) -> web.Response:
    """A value as JSON in ASCII, null where somebody wrote NaN; packed where that is worth it."""
    text = write_json(value)
    response = web.Response(text=text, status=status, headers=headers, content_type=media_type)
    if len(text) > 1000:
        response.enable_compression()
    return response


async def read_body(request: web.Request, body: Body) -> Any:
    """What a request carries, as declared. Raises Refused."""
    if body.taken_as == "stream":
        return None
    source = await request.read()
    if body.taken_as == "bytes":
        if not source:
            raise bad_request("the body is empty")
        return source
    if not source and not body.required:
        return body.kind.read({}, "the body") if body.kind is not None else {}
    kind = request.content_type
    if hdrs.CONTENT_TYPE in request.headers and kind != "application/json" and not kind.endswith("+json"):
        raise Refused(415, "not_json", f"the body must be JSON (Content-Type: application/json), not {kind[:100]}")
    value = parse_json(source)
    if not is_finite(value):
        raise Refused(400, "bad_json", "this JSON holds NaN or an infinity, which are no numbers")
    return body.kind.read(value, "the body") if body.kind is not None else value


def parse_json(source: bytes) -> Any:
    """Any JSON. Raises Refused."""
    try:
        return read_json(source)
    except NotJson as error:
        raise Refused(400, "bad_json", str(error)) from error
