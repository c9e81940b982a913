"""``/system_stats``, ``/features`` and the routes that front ends ask for at their start."""

import asyncio
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from aiohttp import web

from server.comfyui.logs import LOGS
from server.comfyui.prompts import read_object
from server.comfyui.socket import features
from server.parts import PARTS
from server.refusals import bad_request
from server.routing import json_response

SPOKEN = "0.3.64"
"""The version of the public API that this is."""


async def get_features(request: web.Request) -> web.Response:
    return json_response(features(request.app[PARTS]))


async def system_stats(request: web.Request) -> web.Response:
    parts = request.app[PARTS]
    total, free = await asyncio.to_thread(_memory)
    system = {
        "os": sys.platform,
        "ram_total": total,
        "ram_free": free,
        "comfyui_version": SPOKEN,
        "patchbay_version": parts.version,
        "required_frontend_version": None,
        "installed_templates_version": None,
        "required_templates_version": None,
        "python_version": platform.python_version(),
        "pytorch_version": version("torch"),
        "embedded_python": False,
        "argv": [],
    }
    return json_response({"system": system, "devices": [_device(worker) for worker in parts.workers.workers()]})


async def nothing_listed(request: web.Request) -> web.Response:
    """Extensions and templates: our examples are documents of ours, which other front ends do not draw."""
    return json_response([])


async def nothing_named(request: web.Request) -> web.Response:
    """Translations, subgraphs and replacements of others: there are none."""
    return json_response({})


async def logs(request: web.Request) -> web.Response:
    return json_response("".join(f"{entry['t']} - {entry['m']}" for entry in request.app[LOGS].entries()))


async def raw_logs(request: web.Request) -> web.Response:
    return json_response({"entries": request.app[LOGS].entries(), "size": {"cols": 80, "rows": 50}})


async def subscribe_logs(request: web.Request) -> web.Response:
    body: dict[str, Any] = await read_object(request)
    client = body.get("clientId")
    if not isinstance(client, str) or not isinstance(body.get("enabled"), bool):
        raise bad_request("say 'clientId' and 'enabled'")
    request.app[LOGS].subscribe(client, wanted=body["enabled"])
    return web.Response()


def _device(worker: Any) -> dict[str, Any]:
    device = str(worker.get("device", "cpu"))
    kind, _, index = device.partition(":")
    memory = worker.get("memory") or {}
    total, free = memory.get("total") or 0, memory.get("free") or 0
    return {
        "name": worker.get("name") or device,
        "type": kind,
        "index": int(index) if index.isdecimal() else 0,
        "vram_total": total,
        "vram_free": free,
        "torch_vram_total": worker.get("vram") or 0,
        "torch_vram_free": 0,
    }


def _memory() -> tuple[int, int]:
    """Bytes of main memory, all and available; zeros where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0, 0
    found = {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.split()[1:2]}
    return found.get("MemTotal", 0), found.get("MemAvailable", 0)
