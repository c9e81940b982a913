"""``run FILE…``: check every workflow, then run one after the other with the same models loaded."""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

from rich.console import Console

from cli.bars import Bars
from cli.check import show_problems
from cli.errors import ExitCode
from cli.execution import Execution
from cli.interrupt import cancel_on_interrupt
from cli.opening import Opened, open_file
from cli.parts import build_choices, running_registry
from cli.places import places
from cli.reporting import JsonLines, PlainLines, Reporter
from cli.words import short
from graph.errors import Cancelled
from graph.events import Event, NodeErrored, NodeFinished, NodeSkipped
from workflows.modes import without_modes
from workflows.outputs import SavedFile


def command(arguments: argparse.Namespace) -> int:
    """Run all files, or none if one of them cannot run."""
    where = places(arguments)
    registry, choices = running_registry(where, arguments), build_choices(where)
    opened = [open_file(path, arguments, registry, choices) for path in arguments.files]
    for file in opened:
        show_problems(file, arguments.json)
    graphs = [(file, file.graph) for file in opened if file.graph]
    if len(graphs) < len(opened):
        return ExitCode.REFUSED
    execution = Execution(where, arguments)
    saved: list[SavedFile] = []
    kept: list[SavedFile] = []
    failed = False
    end = ExitCode.CANCELLED  # unless all came to an end
    began = time.monotonic()
    with cancel_on_interrupt() as cancel, suppress(Cancelled):
        for file, graph in graphs:
            executor = execution.executor(str(file.path.resolve()))
            resources = execution.resources(without_modes(file.document, registry))
            with _reporter(file, arguments) as report:
                result = executor.run(
                    graph, resources=resources, emit=_also(report, saved, kept, arguments.debug), cancel=cancel
                )
            failed = failed or bool(result.failures)
        end = ExitCode.FAILED if failed else ExitCode.DONE
    _finish(arguments, end, saved, kept, time.monotonic() - began)
    return end


def _reporter(file: Opened, arguments: argparse.Namespace) -> Reporter:
    if arguments.json:
        return JsonLines(file)
    return Bars(file, Console()) if sys.stdout.isatty() else PlainLines(file)


def _also(report: Reporter, saved: list[SavedFile], kept: list[SavedFile], debug: bool) -> Callable[[Event], None]:
    """Report events, remember what was saved now or earlier, and show where errors came from if that is wanted."""

    def emit(event: Event) -> None:
        if isinstance(event, NodeFinished | NodeSkipped):
            files = saved if isinstance(event, NodeFinished) else kept
            files.extend(artifact for artifact in event.artifacts if isinstance(artifact, SavedFile))
        if debug and isinstance(event, NodeErrored):
            traceback.print_exception(event.error)
        report(event)

    return emit


def _finish(
    arguments: argparse.Namespace, end: ExitCode, saved: list[SavedFile], kept: list[SavedFile], seconds: float
) -> None:
    """The last line, which names what was saved, and what needed no saving since it is there."""
    how = end.name.lower()
    if arguments.json:
        files = {"saved": [str(file.path) for file in saved], "kept": [str(file.path) for file in kept]}
        print(json.dumps({"event": how} | files | {"seconds": round(seconds, 3)}))
        return
    named = [f"saved {_listed(saved)}"] if saved or not kept else []
    named += [f"there already: {_listed(kept)}"] if kept else []
    print(f"{how} in {seconds:.1f} s, {'; '.join(named)}", flush=True)


def _listed(files: list[SavedFile]) -> str:
    return ", ".join(short(file.path) for file in files) or "nothing"
