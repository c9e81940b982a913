"""``explain FILE…``: what a run would do now, node by node, and why. Runs nothing and imports no torch."""

import argparse
import json

from cli.check import show_problems
from cli.errors import ExitCode
from cli.execution import Execution
from cli.opening import open_file
from cli.parts import build_choices, checking_registry
from cli.places import places


def command(arguments: argparse.Namespace) -> int:
    """One line per node that is needed, in the order in which they would run."""
    where = places(arguments)
    registry, choices = checking_registry(where), build_choices(where)
    execution = Execution(where, arguments)
    end = ExitCode.DONE
    for path in arguments.files:
        file = open_file(path, arguments, registry, choices)
        show_problems(file, arguments.json)
        if file.graph is None:
            end = ExitCode.REFUSED
            continue
        executor = execution.executor(str(path.resolve()))
        found = executor.explain(file.graph, resources=execution.resources(file.document))
        for node_id, explanation in found.items():
            if arguments.json:
                line = {"file": str(path), "node": node_id, "runs": explanation.runs, "reason": explanation.reason}
                print(json.dumps(line))
            else:
                print(f"{'runs' if explanation.runs else 'kept'}  {file.title(node_id)}: {explanation.reason}")
    return end
