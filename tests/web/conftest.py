"""One server with the demo model and one browser for all tests of the page; each class has a page of its own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 20_000  # milliseconds


class Server:
    """The program serving a base directory of its own, with the repository's models."""

    def __init__(self, base: Path):
        command = [sys.executable, str(ROOT / "main.py"), "serve", "--port", "0", "--warm", "--devices", "cpu"]
        folders = ["--base-directory", str(base), "--models", str(ROOT / "models")]
        log = (base / "serve.log").open("w")
        self.process = subprocess.Popen(command + folders, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Patchbay is at "), line + (base / "serve.log").read_text()
        self.url = line.split()[-1]
        self.base = base

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def browser_path() -> str:
    """The system's Chromium. Without one the tests are skipped, but not on a build machine."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None and os.environ.get("CI"):
        pytest.fail("there is no Chromium: apt-get install chromium")
    if path is None:
        pytest.skip("there is no Chromium on this machine; on Debian: apt install chromium")
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("base"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser(server) -> Iterator:
    path = browser_path()
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="class")
def visit(browser, server) -> Iterator:
    """Opens the page as for the first time: ``visit(width=390, locale="zh-CN")``. Errors in it fail the tests."""
    contexts, faults = [], []

    def open_page(**options):
        options.setdefault("viewport", {"width": options.pop("width", 1440), "height": options.pop("height", 900)})
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(server.url)
        page.locator(".shell").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="class")
def page(visit):
    return visit()
