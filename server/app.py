"""The HTTP application: routes, what happens around them, and how it ends."""

from aiohttp import WSCloseCode, web

from server.middleware import admit, protect, refuse
from server.page import add_page
from server.parts import PARTS, PREVIEWS, Parts
from server.pictures import Previews
from server.routes import documents, events, files, jobs, nodes, queue
from server.routing import Route
from server.socket import SOCKETS, Sockets

TABLES = (jobs, queue, events, nodes, documents, files)


def routes() -> list[Route]:
    """Every declared route, in the order in which they are tried."""
    return [route for table in TABLES for route in table.ROUTES.declared]


def build_app(parts: Parts) -> web.Application:
    """The application over these parts; starts nothing but what answers requests."""
    app = web.Application(middlewares=[refuse, admit], client_max_size=parts.limits.document)
    app[PARTS] = parts
    app[PREVIEWS] = Previews(parts.limits.pixels)
    app[SOCKETS] = Sockets()
    for route in routes():
        app.router.add_route(route.method, route.pattern, route.respond)
    for edge in parts.edges:
        edge(app)
    add_page(app)
    app.on_response_prepare.append(protect)
    app.on_shutdown.append(_say_goodbye)
    return app


async def _say_goodbye(app: web.Application) -> None:
    """Clients reconnect by themselves; they are told that the server goes."""
    for socket in tuple(app[SOCKETS].open):
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")
