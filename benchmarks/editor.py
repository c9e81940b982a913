"""What the editor costs in a browser: CPU milliseconds a frame, seconds to the first picture, heap, bytes; as JSON.

    python benchmarks/editor.py [BUILD]        # web/dist unless said otherwise

Headless Chromium, 1440 × 900, no server: the build and the answers of the API come from here, so that nothing but the
page is measured. Graphs are chains of five node types in a grid. A pan is one pointer move per animation frame; its
cost is CPU time of the page's main thread, as the browser counts it. ``near`` shows about 25 nodes with all their
fields, ``far`` nearly the whole graph. Seconds run from the request for the page to the frame that has the graph.
"""

import gzip
import json
import mimetypes
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, Page, Route, sync_playwright

import nodes
from graph.registry import Registry
from graph.spec import spec_to_json

ORIGIN = "http://localhost:9"  # intercepted: nothing listens there
FRAMES = 90
ROUNDS = 3
KINDS = ("CheckpointLoaderSimple", "CLIPTextEncode", "KSampler", "VAEDecode", "SaveImage")
NEAR_ZOOM, FAR_ZOOM = 0.8, 0.02

PAN = """async (frames) => {
  const pane = document.querySelector('.react-flow__pane');
  const at = (type, x, y) => pane.dispatchEvent(new MouseEvent(type, {
    bubbles: true, cancelable: true, view: window, button: 0, buttons: type === 'mouseup' ? 0 : 1,
    clientX: x, clientY: y,
  }));
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  at('mousedown', 700, 450);
  for (let moved = 1; moved <= frames; moved++) {
    at('mousemove', 700 + 8 * moved, 450 + 3 * moved);
    await frame();
  }
  at('mouseup', 700, 450);
}"""
SHOWN = """() => new Promise((done) => {
  const look = () => document.querySelector('.far-canvas')?.width > 300
    ? requestAnimationFrame(() => done(performance.now() / 1000)) : requestAnimationFrame(look);
  look();
})"""


def main(build: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        near, far = chain(2_000, NEAR_ZOOM), chain(10_000, FAR_ZOOM)
        figures = {
            "pan_near_2000_ms": pan(browser, build, near),
            "pan_near_10000_ms": pan(browser, build, chain(10_000, NEAR_ZOOM)),
            "pan_far_2000_ms": pan(browser, build, chain(2_000, FAR_ZOOM)),
            "pan_far_10000_ms": pan(browser, build, far),
            "first_render_1000_s": first_render(browser, build, chain(1_000, NEAR_ZOOM)),
            "first_render_5000_s": first_render(browser, build, chain(5_000, FAR_ZOOM)),
            "heap_5000_mb": heap(browser, build, chain(5_000, NEAR_ZOOM)),
            **requests(browser, build),
        }
        browser.close()
    print(json.dumps(figures, indent=1))


def chain(count: int, zoom: float) -> dict[str, Any]:
    """A document of so many nodes in lines of five, and what of it is seen first."""
    columns = 5 * round((count / 5) ** 0.5)
    written: dict[str, Any] = {}
    places = {}
    for index in range(count):
        kind, before = KINDS[index % 5], str(index)
        inputs: dict[str, dict[str, Any]] = {
            "CheckpointLoaderSimple": {"ckpt_name": "patchbay-demo.safetensors"},
            "CLIPTextEncode": {"text": f"a (red:1.2) house, number {index}", "clip": [before, 1]},
            "KSampler": {"positive": [before, 0], "seed": index, "steps": 20, "cfg": 7.5},
            "VAEDecode": {"samples": [before, 0]},
            "SaveImage": {"images": [before, 0], "filename_prefix": "picture"},
        }
        written[str(index + 1)] = {"class_type": kind, "inputs": inputs[kind]}
        places[str(index + 1)] = {"x": index % columns * 400, "y": index // columns * 420}
    middle = {"x": columns * 200, "y": count / columns * 210, "zoom": zoom}
    return {"format": "patchbay/1", "title": "Chain", "nodes": written, "layout": {"nodes": places, "view": middle}}


def pan(browser: Browser, build: Path, document: Mapping[str, Any]) -> float:
    """Median over rounds of main-thread CPU milliseconds a frame."""
    with opened(browser, build, document) as page:
        page.evaluate(SHOWN)
        page.wait_for_timeout(1500)
        metrics = page.context.new_cdp_session(page)
        metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
        rounds = []
        for _ in range(ROUNDS):
            before = spent(metrics)
            page.evaluate(PAN, FRAMES)
            rounds.append((spent(metrics) - before) / FRAMES * 1000)
            page.wait_for_timeout(300)
        return round(statistics.median(rounds), 2)


def spent(metrics: Any) -> float:
    """CPU seconds that the page's main thread has worked."""
    values = metrics.send("Performance.getMetrics")["metrics"]
    return next(float(metric["value"]) for metric in values if metric["name"] == "TaskDuration")


def first_render(browser: Browser, build: Path, document: Mapping[str, Any]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        with opened(browser, build, document) as page:
            seconds.append(float(page.evaluate(SHOWN)))
    return round(statistics.median(seconds), 2)


def heap(browser: Browser, build: Path, document: Mapping[str, Any]) -> float:
    """Megabytes of JavaScript objects alive after a pan."""
    with opened(browser, build, document) as page:
        page.evaluate(SHOWN)
        page.evaluate(PAN, FRAMES)
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.collectGarbage")
        return round(session.send("Runtime.getHeapUsage")["usedSize"] / 1e6, 1)


def requests(browser: Browser, build: Path) -> dict[str, Any]:
    """What was asked for before anybody touched the page."""
    asked: list[str] = []
    with opened(browser, build, chain(5, NEAR_ZOOM), asked) as page:
        page.evaluate(SHOWN)
        page.wait_for_timeout(1000)
    own = {urlsplit(url).path for url in asked if url.startswith(ORIGIN)}
    files = [found for path in own if (found := file_of(build, path)) is not None]
    return {
        "transferred_kb_gzip": round(sum(len(gzip.compress(file.read_bytes())) for file in files) / 1000),
        "third_party_requests": sum(not url.startswith((ORIGIN, "data:", "blob:")) for url in asked),
    }


@contextmanager
def opened(
    browser: Browser, build: Path, document: Mapping[str, Any], asked: list[str] | None = None
) -> Iterator[Page]:
    """A page that shows a document, in a browser profile of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    answers = api(document)
    page.on("request", lambda request: asked.append(request.url) if asked is not None else None)
    page.route("**/*", lambda route: answer(route, build, answers))
    page.route_web_socket("**/api/v1/socket*", lambda socket: None)
    page.goto(ORIGIN + "/")
    try:
        yield page
    finally:
        context.close()


def api(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the server would say, as far as the page asks."""
    specs = {kind.spec.name: spec_to_json(kind.spec) for kind in Registry(*nodes.builtin())}
    return {
        "nodes": json.dumps({"nodes": specs, "choices": {"checkpoints": ["patchbay-demo.safetensors"]}}),
        "templates/demo": json.dumps(document),
        "check": json.dumps({"problems": []}),
        "queue": json.dumps({"paused": False, "running": [], "queued": [], "workers": []}),
        "jobs": json.dumps({"jobs": [], "total": 0, "next": None}),
        "tokens": json.dumps({"count": 5, "chunks": 1}),
        "drafts": json.dumps({"revision": 1, "drafts": []}),
    }


def answer(route: Route, build: Path, answers: Mapping[str, str]) -> None:
    path = urlsplit(route.request.url).path
    if not route.request.url.startswith(ORIGIN):
        return route.abort()
    if path.startswith("/api/v1/"):
        name = path.removeprefix("/api/v1/")
        body = answers.get(name) or answers.get(name.split("/")[0])
        if body is None:
            return route.fulfill(status=404, json={"title": "Not Found", "status": 404})
        return route.fulfill(body=body, content_type="application/json")
    file = file_of(build, path)
    if file is None:
        return route.fulfill(status=404, body="")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return route.fulfill(body=file.read_bytes(), content_type=kind)


def file_of(build: Path, path: str) -> Path | None:
    file = build / (path.strip("/") or "index.html")
    return file if file.is_file() else None


if __name__ == "__main__":
    started = time.monotonic()
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "web" / "dist")
    print(f"took {time.monotonic() - started:.0f} s", file=sys.stderr)
