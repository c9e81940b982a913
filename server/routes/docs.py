"""The API about itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from server.middleware import PAGE_POLICY
from server.parts import OPENAPI
from server.routing import Call, Reply, Routes

ROUTES = Routes("documentation")
FOLDER = Path(__file__).parents[1] / "docs"


@ROUTES.add("GET", "/api/openapi.json", "This API for programs (OpenAPI 3.1)", reply="OpenApi", below="")
async def get_openapi(call: Call) -> Mapping[str, Any]:
    return call.request.app[OPENAPI]


@ROUTES.add("GET", "/api/docs", "This API for people", reply=Reply("A page.", media_types=("text/html",)), below="")
async def get_docs(call: Call) -> web.Response:
    return web.Response(
        text=(FOLDER / "index.html").read_text(),
        content_type="text/html",
        headers={"Content-Security-Policy": PAGE_POLICY},
    )


@ROUTES.add(
    "GET", "/api/docs.js", "What makes that page", reply=Reply("A script.", media_types=("text/javascript",)), below=""
)
async def get_script(call: Call) -> web.Response:
    return web.Response(text=(FOLDER / "docs.js").read_text(), content_type="text/javascript")
