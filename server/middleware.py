"""What happens around every request: who may ask, errors as one shape, headers that keep content from acting."""

import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from server.access import YEAR
from server.jobs import Conflict, NoSuchJob, QueueError, WrongState
from server.parts import PARTS
from server.refusals import MEDIA_TYPE, Refused
from server.routing import PREFIX, TOKEN, json_response

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
R = TypeVar("R", bound=web.StreamResponse)
LOG = logging.getLogger("patchbay.server")
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""For pages of ours: scripts from here alone, nothing from or to anybody else."""
FOREIGN_PAGE_POLICY = (
    "default-src 'self' blob: data:; script-src 'self' blob: 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""For another front end that the user chose: it may run what it brings, and still talks to nobody else."""
OPEN = "/health"
"""What anybody may ask: it says nothing but that the server is there."""
SENTENCES = {
    404: "there is nothing at this address",
    405: "this address does not take {method}",
    411: "the request must say how long its body is",
    413: "the body is larger than this server takes",
    415: "this kind of body is not taken here",
    416: "that part of the file does not exist",
}


@web.middleware
async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever is raised becomes problem+json; nothing of what is inside reaches a client."""
    try:
        if request.headers.get(hdrs.CONTENT_ENCODING, "").lower() == "deflate":  # aiohttp waits for ever for its end
            raise Refused(415, "bad_encoding", "a body may be packed with gzip, not with deflate")
        return await handler(request)
    except Refused as error:
        return problem(request, error)
    except NoSuchJob as error:
        return problem(request, Refused(404, "no_such_job", str(error)))
    except WrongState as error:
        return problem(request, Refused(409, "wrong_state", str(error)))
    except Conflict as error:
        return problem(request, Refused(409, "conflict", str(error)))
    except QueueError as error:
        return problem(request, Refused(400, "bad_request", str(error)))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        sentence = SENTENCES.get(error.status, error.reason or "this request cannot be answered")
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        detail = sentence.format(method=request.method[:20])
        return problem(request, Refused(error.status, f"http_{error.status}", detail, headers=headers))
    except (web.RequestPayloadError, HttpProcessingError):
        return problem(request, Refused(400, "bad_body", "the body is not what its headers say: it cannot be read"))
    except ConnectionError:  # whoever asked has gone
        raise
    except FileNotFoundError:
        LOG.warning("a file went away during %s %s", request.method, request.path, exc_info=True)
        return problem(request, Refused(404, "not_found", "the file went away while it was looked at"))
    except Exception:
        number = uuid.uuid4().hex[:8]
        LOG.exception("internal error %s at %s %s", number, request.method, request.path)
        detail = f"something went wrong inside the server; its log has more under {number}"
        return problem(request, Refused(500, "internal", detail))


@web.middleware
async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Check who asks. A token in the address of a page becomes a cookie, and the address is shown without it."""
    access = request.app[PARTS].access
    if request.path == OPEN:
        return await handler(request)
    given = request.query.get(TOKEN)
    upgrade = request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
    access.check(request.method, request.headers, given, request.cookies, upgrade)
    if given is not None and access.admits(given) and request.method == hdrs.METH_GET and not upgrade:
        if not request.path.startswith(PREFIX):
            rest = str(request.rel_url.without_query_params(TOKEN))
            here = f"/{rest.lstrip('/')}"  # more slashes than one would lead to another server
            raise _with_cookie(request, web.HTTPSeeOther(here))
        response = await handler(request)
        return response if response.prepared else _with_cookie(request, response)
    return await handler(request)


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every response, before it is sent."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
    headers.setdefault("Cache-Control", "no-store")
    headers.pop("Server", None)


def problem(request: web.Request, error: Refused) -> web.Response:
    """An error as RFC 9457 has it."""
    return json_response(error.body(request.path), error.status, error.headers, MEDIA_TYPE)


def _with_cookie(request: web.Request, response: R) -> R:
    access = request.app[PARTS].access
    secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
    response.set_cookie(
        access.cookie,
        access.cookie_value,
        max_age=YEAR,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=secure,
    )
    return response
