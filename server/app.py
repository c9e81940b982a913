"""The HTTP application: routes, what happens around them, and how it ends."""

from functools import partial

from aiohttp import WSCloseCode, web

from server.metrics import COUNTED, Counted, count
from server.middleware import admit, protect, refuse
from server.openapi import describe
from server.page import add_page
from server.parts import OPENAPI, PARTS, PREVIEWS, Parts
from server.pictures import Previews
from server.routes import docs, documents, events, files, jobs, models, nodes, queue, shelves, system
from server.routing import Route
from server.socket import SOCKETS, Sockets

TABLES = (jobs, queue, events, nodes, documents, files, models, shelves, system, docs)


def routes() -> list[Route]:
    """Every declared route, in the order in which they are tried."""
    return [route for table in TABLES for route in table.ROUTES.declared]


def build_app(parts: Parts) -> web.Application:
    """The application over these parts; starts nothing but what answers requests."""
    app = web.Application(middlewares=[count, refuse, admit], client_max_size=parts.limits.document)
    app[PARTS] = parts
    app[PREVIEWS] = Previews(parts.limits.pixels)
    app[SOCKETS] = Sockets()
    app[COUNTED] = Counted()
    app[OPENAPI] = describe(routes(), parts.version)
    for route in routes():
        add = app.router.add_get if route.method == "GET" else partial(app.router.add_route, route.method)
        add(route.pattern, route.respond)
    for edge in parts.edges:
        edge(app)
    add_page(app)
    app.on_response_prepare.append(protect)
    app.on_shutdown.append(_say_goodbye)
    return app


async def _say_goodbye(app: web.Application) -> None:
    """Clients reconnect by themselves; they are told that the server goes."""
    app[PREVIEWS].close()
    for socket in tuple(app[SOCKETS].open):
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")
