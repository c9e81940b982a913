"""``run FILE…``: check every workflow, then run one after the other with the same models loaded."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.bars import Bars
from cli.check import show_problems
from cli.errors import ExitCode
from cli.hashes import FileHashes
from cli.interrupt import cancel_on_interrupt
from cli.opening import Opened, open_file
from cli.parts import build_choices, build_executor, build_registry
from cli.places import Places, places
from cli.reporting import JsonLines, PlainLines, Reporter
from diffusion.runtime import Runtime
from graph.errors import Cancelled
from graph.events import Event, NodeFinished, NodeSkipped
from workflows.document import Document
from workflows.modes import without_modes
from workflows.outputs import InputFolder, OutputFolder, PreviewFolder, SavedFile


def command(arguments: argparse.Namespace) -> int:
    """Run all files, or none if one of them cannot run."""
    where = places(arguments)
    registry, choices = build_registry(), build_choices(where)
    opened = [open_file(path, arguments, registry, choices) for path in arguments.files]
    for file in opened:
        show_problems(file, arguments.json)
    if not all(file.graph for file in opened):
        return ExitCode.REFUSED
    runtime = Runtime(where.folders, arguments.device, arguments.dtype)
    executor = build_executor(where, arguments)
    saved: list[SavedFile] = []
    failed = False
    began = time.monotonic()
    with cancel_on_interrupt() as cancel:
        for file in opened:
            document = without_modes(file.document, registry)
            try:
                with _reporter(file, arguments.json) as report:
                    supplied = resources(where, runtime, document)
                    result = executor.run(file.graph, resources=supplied, emit=_also(report, saved), cancel=cancel)
            except Cancelled:
                _finish(arguments, "cancelled", saved, began)
                return ExitCode.CANCELLED
            failed = failed or bool(result.failures)
    _finish(arguments, "failed" if failed else "done", saved, began)
    return ExitCode.FAILED if failed else ExitCode.DONE


def resources(where: Places, runtime: Runtime, document: Document) -> Mapping[type, Any]:
    """What the nodes of one document may ask for."""
    numbers, hashes = where.state / "counters.sqlite", FileHashes(where.folders, where.state / "hashes.sqlite")
    return {
        Runtime: runtime,
        Document: document,
        InputFolder: InputFolder(where.input),
        OutputFolder: OutputFolder(where.output, numbers, document, hashes),
        PreviewFolder: PreviewFolder(where.previews, numbers, document, hashes),
    }


def _reporter(file: Opened, as_json: bool) -> Reporter:
    if as_json:
        return JsonLines(file)
    return Bars(file, Console()) if sys.stdout.isatty() else PlainLines(file)


def _also(report: Reporter, saved: list[SavedFile]) -> Callable[[Event], None]:
    """Report events, and remember what was saved."""

    def emit(event: Event) -> None:
        if isinstance(event, NodeFinished | NodeSkipped):
            saved.extend(artifact for artifact in event.artifacts if isinstance(artifact, SavedFile))
        report(event)

    return emit


def _finish(arguments: argparse.Namespace, how: str, saved: list[SavedFile], began: float) -> None:
    """The last line, which names what was saved."""
    seconds = time.monotonic() - began
    if arguments.json:
        print(json.dumps({"event": how, "saved": [str(file.path) for file in saved], "seconds": round(seconds, 3)}))
        return
    named = ", ".join(_shown(file.path) for file in saved) or "nothing"
    print(f"{how} in {seconds:.1f} s, saved {named}", flush=True)


def _shown(path: Path) -> str:
    """Short where that is clear."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
