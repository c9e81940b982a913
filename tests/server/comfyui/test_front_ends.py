"""The published front ends, unmodified, in a real browser against a real server with the demo model.

They are installed for development alone (`tools/set_up.py --dev`) and never shipped.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FRONT_ENDS = ROOT / ".venv" / "front_ends"
VERSIONS = ("1.27.10", "1.58.1")
CHROMIUM = shutil.which("chromium")
READY = "window.app && window.app.graph && window.app.ui && window.app.extensionManager"
NODES = [
    (4, "CheckpointLoaderSimple", [], [("MODEL", [1]), ("CLIP", [2, 3]), ("VAE", [8])], ["patchbay-demo.safetensors"]),
    (5, "EmptyLatentImage", [], [("LATENT", [6])], [128, 128, 1]),
    (6, "CLIPTextEncode", [("clip", "CLIP", 2)], [("CONDITIONING", [4])], ["a red house on a meadow"]),
    (7, "CLIPTextEncode", [("clip", "CLIP", 3)], [("CONDITIONING", [5])], [""]),
    (
        3,
        "KSampler",
        [
            ("model", "MODEL", 1),
            ("positive", "CONDITIONING", 4),
            ("negative", "CONDITIONING", 5),
            ("latent_image", "LATENT", 6),
        ],
        [("LATENT", [7])],
        [7, "fixed", 8, 4.0, "euler", "normal", 1],
    ),
    (8, "VAEDecode", [("samples", "LATENT", 7), ("vae", "VAE", 8)], [("IMAGE", [9])], []),
    (9, "SaveImage", [("images", "IMAGE", 9)], [], ["front"]),
]
LINKS = [
    [1, 4, 0, 3, 0, "MODEL"],
    [2, 4, 1, 6, 0, "CLIP"],
    [3, 4, 1, 7, 0, "CLIP"],
    [4, 6, 0, 3, 1, "CONDITIONING"],
    [5, 7, 0, 3, 2, "CONDITIONING"],
    [6, 5, 0, 3, 3, "LATENT"],
    [7, 3, 0, 8, 0, "LATENT"],
    [8, 4, 2, 8, 1, "VAE"],
    [9, 8, 0, 9, 0, "IMAGE"],
]
GRAPH = {
    "id": "00000000-0000-4000-8000-000000000001",
    "revision": 0,
    "last_node_id": 9,
    "last_link_id": 9,
    "nodes": [
        {
            "id": number,
            "type": kind,
            "pos": [320 * (place % 4), 320 * (place // 4)],
            "size": [280, 260],
            "flags": {},
            "order": place,
            "mode": 0,
            "inputs": [{"name": name, "type": socket, "link": link} for name, socket, link in inputs],
            "outputs": [{"name": socket, "type": socket, "links": links} for socket, links in outputs],
            "properties": {},
            "widgets_values": values,
        }
        for place, (number, kind, inputs, outputs, values) in enumerate(NODES)
    ],
    "links": LINKS,
    "groups": [],
    "config": {},
    "extra": {},
    "version": 0.4,
}

pytestmark = pytest.mark.skipif(
    not FRONT_ENDS.is_dir() or CHROMIUM is None, reason="needs Chromium and tools/set_up.py --dev"
)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module", params=VERSIONS)
def served(request, tmp_path_factory):
    """A server that shows one of the front ends: its address and its base directory."""
    base = tmp_path_factory.mktemp("front")
    root = FRONT_ENDS / request.param / "comfyui_frontend_package" / "static"
    words = [sys.executable, str(ROOT / "main.py"), "serve", "--port", "0", "--base-directory", str(base)]
    words += ["--models", str(ROOT / "models"), "--web-root", str(root), "--devices", "cpu"]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}, cwd=base
    )
    try:
        line = process.stdout.readline()
        assert "http://" in line, line
        yield line.split()[-1], base
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture(scope="module")
def opened(browser, served):
    """The front end, loaded once: that takes it some hundred files."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.asked, page.frames_heard = [], []
    page.on("response", lambda response: page.asked.append((response.status, response.url)))
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: page.frames_heard.append(frame)))
    load(page, served[0])
    yield page
    context.close()


@pytest.fixture
def page(opened):
    """The front end with the workflow in it. ``page.asked`` are the addresses that it asked, with answers."""
    opened.evaluate("graph => app.loadGraphData(graph)", GRAPH)
    opened.wait_for_function("app.graph._nodes.length === 7")
    return opened


def load(page, address):
    page.goto(address)
    page.wait_for_function(READY, timeout=120_000)
    page.wait_for_function("window.app.extensionManager.workflow.activeWorkflow", timeout=60_000)
    page.wait_for_timeout(1500)  # what opens by itself on the first visit
    page.keyboard.press("Escape")


def until(page, happened):
    """Let the page go on until something has happened."""
    for _ in range(300):
        if happened():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen")


def classes(page):
    return page.evaluate("app.graph._nodes.map(node => [node.type, node.has_errors === true])")


def test_a_workflow_is_loaded_edited_queued_watched_and_seen(page, served):
    assert all(not faulty for _, faulty in classes(page))
    page.evaluate(
        "() => { const widget = app.graph._nodes.find(node => node.type === 'KSampler')"
        ".widgets.find(widget => widget.name === 'steps'); widget.value = 6 }"
    )
    page.evaluate("() => { app.queuePrompt(0, 1) }")
    page.wait_for_function("Object.keys(app.nodeOutputs ?? {}).length > 0", timeout=120_000)
    (picture,) = page.evaluate("Object.values(app.nodeOutputs)[0].images")
    assert picture["type"] == "output" and (served[1] / "output" / picture["filename"]).is_file()
    until(page, lambda: any('"execution_success"' in frame for frame in page.frames_heard if isinstance(frame, str)))
    texts = [json.loads(frame) for frame in page.frames_heard if isinstance(frame, str)]
    heard = [message["type"] for message in texts]
    assert {"status", "feature_flags", "execution_start", "executing", "progress", "executed"} <= set(heard)
    assert heard.count("execution_success") == 1
    assert max(m["data"]["max"] for m in texts if m["type"] == "progress") == 6  # as it was edited
    previews = [frame for frame in page.frames_heard if isinstance(frame, bytes)]
    assert previews and all(frame[:4] == b"\0\0\0\4" for frame in previews)

    history = page.evaluate("app.api.getHistory(64).then(found => JSON.stringify(found))")
    assert picture["filename"] in history
    assert page.evaluate("app.api.getQueue().then(found => JSON.stringify(found))").count("class_type") == 0
    assert not [status for status, url in page.asked if status >= 500]


def test_a_fault_is_shown_at_its_node(page, served):
    page.evaluate(
        "() => { app.graph._nodes.find(node => node.type === 'EmptyLatentImage').widgets[0].value = 999999999;"
        " app.queuePrompt(0, 1) }"
    )
    page.wait_for_function("Object.keys(app.lastNodeErrors ?? {}).length > 0", timeout=30_000)
    errors = page.evaluate("app.lastNodeErrors")
    assert errors["5"]["errors"][0]["type"] == "value_bigger_than_max"


def test_pictures_are_uploaded_and_workflows_saved_and_opened_again(page, served):
    address, base = served
    page.evaluate("() => { app.graph.add(LiteGraph.createNode('LoadImage')) }")
    page.wait_for_timeout(500)
    with page.expect_file_chooser() as chooser:
        page.evaluate(
            "() => { app.graph._nodes.find(node => node.type === 'LoadImage')"
            ".widgets.find(widget => widget.name === 'upload').callback() }"
        )
    chooser.value.set_files(ROOT / "input" / "example.png")
    page.wait_for_function(
        "app.graph._nodes.find(node => node.type === 'LoadImage').widgets[0].value === 'example.png'"
    )
    until(page, (base / "input" / "example.png").is_file)

    page.evaluate("app.extensionManager.workflow.activeWorkflow.changeTracker?.checkState?.()")  # it looks now and then
    page.keyboard.press("Control+s")
    name = page.locator("[role=dialog] input:visible, .p-dialog input:visible").last
    name.wait_for()
    name.fill("mine")
    name.press("Enter")
    saved = base / "user" / "workflows" / "mine.json"
    until(page, saved.is_file)
    assert len(json.loads(saved.read_text())["nodes"]) == 8
    load(page, address)
    page.evaluate(
        "async () => { const store = app.extensionManager.workflow; await store.syncWorkflows?.();"
        " const found = store.workflows.find(flow => flow.path.endsWith('mine.json')); await found.load();"
        " app.loadGraphData(found.activeState ?? JSON.parse(found.content)) }"
    )
    page.wait_for_function("app.graph._nodes.length === 8")
