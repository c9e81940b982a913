"""The API described for programs (OpenAPI 3.1), made from the declarations that are served: it cannot say otherwise."""

import inspect
from collections.abc import Sequence
from typing import Any

from server.fields import Member
from server.refusals import MEDIA_TYPE
from server.routing import Body, Reply, Route
from server.schemas import SCHEMAS, ref

ABOUT = """Errors have one shape, `application/problem+json` (RFC 9457): `detail` is a sentence, `problems` are
addressed to node and input. Times are seconds since 1970. Whole numbers are exact: a seed may be as large as
2^64 − 1, so read JSON without rounding. Where the server has a token, send `Authorization: Bearer TOKEN`."""


def describe(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Patchbay", "version": version, "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{}, {"bearer": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.tag}.{route.answer.__name__}",
        "tags": [route.tag],
        "summary": route.summary,
        "responses": {str(status): _reply(reply) for status, reply in route.replies.items()}
        | {"4XX": _reply(Reply("It was refused; `detail` says why.", "Problem", (MEDIA_TYPE,)))}
        | {"5XX": _reply(Reply("It cannot be answered now.", "Problem", (MEDIA_TYPE,)))},
    }
    about = inspect.getdoc(route.answer)
    if about:
        operation["description"] = about
    parameters = [
        _parameter(member, where)
        for where, members in (("path", route.in_path), ("query", route.query), ("header", route.headers))
        for member in members
    ]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = _body(route.body)
    return operation


def _parameter(member: Member, where: str) -> dict[str, Any]:
    schema = dict(member.kind.schema())
    if member.default is not None:
        schema["default"] = member.default
    described = {"name": member.name, "in": where, "required": member.required, "schema": schema}
    if schema["type"] == "array":
        described |= {"style": "form", "explode": False}
    return described | ({"description": member.about} if member.about else {})


def _body(body: Body) -> dict[str, Any]:
    content = {}
    for media_type in body.media_types:
        if media_type == "application/json":
            content[media_type] = {"schema": body.kind.schema() if body.kind is not None else {"type": "object"}}
        elif media_type == "multipart/form-data":
            file = {"type": "string", "contentMediaType": "application/octet-stream"}
            form = {"type": "object", "properties": {"file": file}, "required": ["file"]}
            content[media_type] = {"schema": form}
        else:
            content[media_type] = {"schema": {"type": "string", "contentMediaType": media_type, "minLength": 1}}
    return {"required": body.required, "content": content}


def _reply(reply: Reply) -> dict[str, Any]:
    schema = {"schema": ref(reply.schema)} if reply.schema else {}
    content = {
        media_type: schema if media_type.endswith("json") else {"schema": {"type": "string"}}
        for media_type in reply.media_types
    }
    return {"description": reply.about} | ({"content": content} if content else {})
