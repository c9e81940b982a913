"""A server over real parts: a queue on disk, a registry of light nodes, folders of its own."""

import asyncio
import copy
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from diffusion.files.folders import ModelFolders
from diffusion.text.counting import count_tokens
from graph.codec import NoCodecs
from graph.declare import Choice, Range, Resource, Seed, Text, node
from graph.executor import Executor
from graph.registry import Registry
from graph.store import OutputStore
from nodes.choices import choices
from server.app import build_app
from server.database import Database
from server.parts import Parts
from server.queue import JobQueue
from server.schema import QUEUE
from server.shelf import SHELF
from workflows.checking import Checked, World
from workflows.outputs import OutputFolder, SavedFile

WORKFLOW = {
    "1": {"class_type": "Say", "inputs": {"text": "hello", "seed": 1}, "_meta": {"title": "Greeting"}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}},
}
DOCUMENT = {
    "format": "patchbay/1",
    "title": "Greetings",
    "nodes": WORKFLOW,
    "inputs": [{"name": "seed", "to": [["1", "seed"]]}],
}


@node("Say", category="test")
def say(
    text: Annotated[str, Text()] = "",
    seed: Annotated[int, Seed()] = 0,
    times: Annotated[int, Range(1, 9)] = 1,
) -> str:
    """Say something."""
    return f"{text} {seed}" * times


@node("Write", category="test")
def write(outputs: Resource[OutputFolder], text: str) -> SavedFile:
    """Write a text."""
    return outputs.save("said", ".txt", lambda path: path.write_text(text))


@node("Show", category="test")
def show(outputs: Resource[OutputFolder], image: Annotated[str, Choice("images")]) -> SavedFile:
    """Write the name of a picture."""
    return outputs.save("shown", ".txt", lambda path: path.write_text(image))


@node("Load", category="test")
def load(ckpt_name: Annotated[str, Choice("checkpoints")]) -> str:
    """Name a model."""
    return ckpt_name


LIGHT = (say, write, show, load)


def make_base(tmp_path: Path) -> Path:
    """A base directory with a picture, a template and a model file."""
    folder = tmp_path / "base"
    for name in ("input", "output", "temp", "models/checkpoints", "templates", "web"):
        (folder / name).mkdir(parents=True)
    Image.new("RGB", (64, 48), "red").save(folder / "input/red.png")
    (folder / "templates/greetings.json").write_text(json.dumps(DOCUMENT))
    (folder / "models/checkpoints/small.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    Image.new("RGB", (640, 480), "blue").save(folder / "models/checkpoints/small.preview.png")
    return folder


async def explain(checked: Checked) -> Mapping[str, Mapping[str, Any]]:
    """As a program that has run nothing yet says it."""
    assert checked.graph is not None
    found = Executor(OutputStore(1000), NoCodecs()).explain(checked.graph)
    return {node_id: {"runs": told.runs, "reason": told.reason} for node_id, told in found.items()}


@asynccontextmanager
async def application(base: Path, **changes: Any) -> AsyncIterator[TestClient]:
    """A client of a server over a base directory; ``client.parts`` is what it was built from."""
    database = Database(base / ".patchbay/server.sqlite", [QUEUE, SHELF])
    queue = JobQueue(database)
    folders = ModelFolders(base)
    parts = Parts(
        queue=queue,
        hub=queue.hub,
        database=database,
        world=World(Registry(*LIGHT), choices(folders, base / "input")),
        folders={kind: base / kind for kind in ("input", "output", "temp")},
        models=folders,
        templates=base / "templates",
        web_root=base / "web",
        explain=explain,
        count_tokens=lambda text, rules: asdict(count_tokens(text, folders, rules)),
    )
    parts = replace(parts, **changes)
    client = TestClient(TestServer(build_app(parts)))
    client.parts = parts  # type: ignore[attr-defined]
    try:
        await client.start_server()
        yield client
    finally:
        queue.hub.close()
        await client.close()
        await asyncio.to_thread(database.close)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base directory of this test's own."""
    return make_base(tmp_path)


@pytest.fixture
def served(base: Path) -> Callable[..., Any]:
    """``async with served(access=…) as client``: a client of a server over the base directory."""
    return lambda **changes: application(base, **changes)


@pytest.fixture(scope="session")
def served_below() -> Callable[..., Any]:
    """``async with served_below(folder, …) as client``: the same over a base directory that is made there."""
    return lambda folder, **changes: application(make_base(folder), **changes)


@pytest.fixture
def ask(served: Callable[..., Any]) -> Callable[..., Any]:
    """``ask(script)``: what ``await script(client)`` returns, with a server of its own."""

    def ask(script: Callable[[TestClient], Any], **changes: Any) -> Any:
        async def go() -> Any:
            async with served(**changes) as client:
                return await script(client)

        return asyncio.run(go())

    return ask


@pytest.fixture
def workflow() -> dict[str, Any]:
    """A document that runs."""
    return copy.deepcopy(DOCUMENT)


@pytest.fixture
def run() -> Callable[[Any], Any]:
    """Run a coroutine to its end."""
    return asyncio.run


@pytest.fixture(scope="module")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server in a thread of its own, for clients that know no asyncio."""
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        async with application(make_base(tmp_path_factory.mktemp("live"))) as client:
            ended = asyncio.Event()
            started.set_result((str(client.make_url("/")), asyncio.get_running_loop(), ended))
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    url, loop, ended = started.result(timeout=30)
    yield url
    loop.call_soon_threadsafe(ended.set)
    thread.join()
