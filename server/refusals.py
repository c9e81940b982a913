"""Every way in which a request is refused: one exception, one shape on the wire (RFC 9457, problem+json)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from graph.errors import Problem

MEDIA_TYPE = "application/problem+json"
MOST_PROBLEMS = 1000  # in one reply; a document can be wrong in more places than anybody reads


class Refused(Exception):
    """A request that is not done. ``detail`` is a sentence for a user, ``problems`` are addressed to node and input."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        problems: Iterable[Problem] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ):
        self.status, self.code, self.detail = status, code, detail
        self.problems, self.headers, self.extra = tuple(problems), dict(headers or {}), dict(extra or {})
        super().__init__(detail)

    def body(self, instance: str) -> dict[str, Any]:
        """The reply; ``instance`` is the path that was asked for."""
        return {
            "type": f"urn:patchbay:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "problems": [asdict(problem) for problem in self.problems[:MOST_PROBLEMS]],
        } | self.extra


def bad_request(detail: str) -> Refused:
    """The request itself is malformed."""
    return Refused(400, "bad_request", detail)


def not_found(detail: str) -> Refused:
    """What is asked for is not there."""
    return Refused(404, "not_found", detail)


def conflict(code: str, detail: str, **extra: Any) -> Refused:
    """What is asked for does not go with how things are."""
    return Refused(409, code, detail, extra=extra)


def invalid(detail: str, problems: Iterable[Problem]) -> Refused:
    """A document that cannot run, with everything that is wrong with it."""
    return Refused(422, "invalid_document", detail, problems=problems)


def unavailable(detail: str) -> Refused:
    """This server does not have the part that could answer, or not now."""
    return Refused(503, "unavailable", detail)
