"""A program with a few nodes that need no models, in a base directory of its own."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest

import cli.execution
from cli.main import main
from graph.codec import NoCodecs
from graph.declare import Range, Resource, Seed, Text, node
from graph.reporting import Progress, Warn
from workflows.outputs import OutputFolder, SavedFile

WORKFLOW = {
    "1": {"class_type": "Say", "inputs": {"text": "hello", "seed": 1}, "_meta": {"title": "Greeting"}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0], "filename_prefix": "a"}},
}


@node("Say", category="test")
def say(text: Annotated[str, Text()] = "", seed: Annotated[int, Seed()] = 0) -> str:
    """Say something."""
    return f"{text} {seed}"


@node("Write", category="test")
def write(outputs: Resource[OutputFolder], text: str, filename_prefix: Annotated[str, Text()] = "x") -> SavedFile:
    """Write a text."""
    return outputs.save(filename_prefix, ".txt", lambda path: path.write_text(text))


@node("Fail", category="test")
def fail(text: str) -> str:
    """Raise."""
    raise ValueError(f"{text} is too sad")


@node("Work", category="test")
def work(
    progress: Resource[Progress], warn: Resource[Warn], steps: Annotated[int, Range(0, 1000)] = 3, pause: float = 0.0
) -> str:
    """Take a while."""
    warn("this takes a while")
    for step in range(steps):
        time.sleep(pause)
        progress(step + 1, steps)
    return "worked"


@node("Block", category="test")
def block() -> str:
    """Work without ever looking whether to stop."""
    time.sleep(60)
    return "done"


@node("Print", category="test")
def print_something() -> str:
    """Do what libraries do."""
    print("from Python")
    os.system("echo from below")
    return "printed"


@node("Crash", category="test")
def crash() -> str:
    """Do what a fault in native code does."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return "survived"


@node("Break", category="test")
def break_device() -> str:
    """Raise what a device says that is unusable from now on."""
    raise RuntimeError("CUDA error: an illegal memory access was encountered")


NODES = (say, write, fail, work, block, print_something, crash, break_device)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "base").mkdir()
    return tmp_path / "base"


@pytest.fixture
def workflow(tmp_path: Path) -> Callable[[Any], Path]:
    """Write a workflow to a file."""

    def write_file(nodes: Any, name: str = "workflow.json") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(nodes))
        return path

    return write_file


@pytest.fixture
def program(base: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command line over these nodes: ``program("run", path, "--json")``."""
    monkeypatch.setattr("cli.parts.builtin", lambda: NODES)
    monkeypatch.setattr(cli.execution, "NodeCodecs", NoCodecs)

    def call(verb: str, *words: Any) -> int:
        return main([verb, *map(str, words), "--base-directory", str(base)])

    return call
