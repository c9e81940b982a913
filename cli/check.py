"""``check FILE…``: everything that is wrong with workflows, without running them and without torch."""

import argparse
import json
import sys
from dataclasses import asdict

from cli.errors import ExitCode
from cli.opening import Opened, open_file
from cli.parts import build_choices, checking_registry
from cli.places import places
from cli.words import count


def command(arguments: argparse.Namespace) -> int:
    """Print the problems of each file; refused if one cannot run."""
    where = places(arguments)
    registry, choices = checking_registry(where), build_choices(where)
    opened = [open_file(path, arguments, registry, choices) for path in arguments.files]
    for file in opened:
        show_problems(file, arguments.json)
        if file.graph is not None and not arguments.json:
            print(f"{file.path} can run: {count(len(file.document.workflow.nodes), 'node')}")
    return ExitCode.DONE if all(file.graph for file in opened) else ExitCode.REFUSED


def show_problems(file: Opened, as_json: bool) -> None:
    """The problems of a file, for a person on the error stream."""
    if as_json:
        for problem in file.problems:
            print(json.dumps({"event": "problem", "file": str(file.path)} | asdict(problem)), flush=True)
        return
    for problem in file.problems:
        print(f"{problem.severity}: {file.sentence(problem)}", file=sys.stderr)
    errors = sum(problem.severity == "error" for problem in file.problems)
    if errors:
        print(f"{file.path} cannot run: {count(errors, 'error')}", file=sys.stderr)
