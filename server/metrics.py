"""Numbers about the server itself: counted while it answers, told as text that Prometheus reads.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import os
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from aiohttp import web

Sample = tuple[Mapping[str, str], float]
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Counted:
    """What was asked for since the server began."""

    def __init__(self) -> None:
        self.began = time.time()
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.seconds: defaultdict[tuple[str, str], float] = defaultdict(float)


COUNTED: web.AppKey[Counted] = web.AppKey("counted", Counted)


@web.middleware
async def count(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Count each request by the route that took it, which there are not many of."""
    began, status = time.perf_counter(), 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        resource_of = request.match_info.route.resource
        route = resource_of.canonical if resource_of is not None else "nothing"
        counted = request.app[COUNTED]
        method = request.method if request.method in METHODS else "other"
        counted.requests[method, route, status] += 1
        if status != SWITCHED:
            counted.seconds[method, route] += time.perf_counter() - began


SWITCHED = 101  # to a WebSocket, which takes as long as it is open
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


def rss() -> int:
    """Bytes of memory that this process holds; where the system does not say, the most that it ever held."""
    statistics = Path("/proc/self/statm")
    if statistics.is_file():
        return int(statistics.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def exposition(metrics: Iterable[tuple[str, str, str, Iterable[Sample]]]) -> str:
    """Metrics as text: (name, gauge or counter, what it is, samples)."""
    lines = []
    for name, kind, about, samples in metrics:
        lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
        for labels, value in samples:
            written = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            lines.append(f"{name}{{{written}}} {value}" if written else f"{name} {value}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
