"""``nodes [NAME]``: the node types there are, and what one of them takes and gives."""

import argparse
import json
from itertools import groupby

from cli.errors import CommandError, ExitCode
from cli.parts import checking_registry
from cli.places import places
from graph.spec import Choice, Input, NodeSpec, Options, Range, Seed, spec_to_json


def command(arguments: argparse.Namespace) -> int:
    """List all node types by category, or describe one."""
    registry = checking_registry(places(arguments))
    if arguments.name is None:
        specs = sorted((node_type.spec for node_type in registry), key=lambda spec: (spec.category, spec.name))
        if arguments.json:
            for spec in specs:
                print(json.dumps(spec_to_json(spec)))
        else:
            _list(specs)
        return ExitCode.DONE
    node_type = registry.get(arguments.name)
    if node_type is None:
        near = registry.nearest(arguments.name)
        raise CommandError(f"there is no node called {arguments.name!r}" + (f"; did you mean {near}?" if near else ""))
    print(json.dumps(spec_to_json(node_type.spec)) if arguments.json else _description(node_type.spec))
    return ExitCode.DONE


def _list(specs: list[NodeSpec]) -> None:
    width = max((len(spec.name) for spec in specs), default=0)
    for category, members in groupby(specs, key=lambda spec: spec.category):
        print(category or "without category")
        for spec in members:
            print(f"  {spec.name:<{width}}  {spec.description.partition(chr(10))[0]}")


def _description(spec: NodeSpec) -> str:
    """One node type in full."""
    lines = [f"{spec.name} – {spec.title}" if spec.title != spec.name else spec.name]
    lines += [f"also called {', '.join(spec.aliases)}"] if spec.aliases else []
    lines += ["", spec.description, "", "inputs"] if spec.inputs else ["", spec.description]
    lines += [_input_line(declared) for declared in spec.inputs]
    lines += ["", "outputs"] if spec.outputs else []
    for slot, output in enumerate(spec.outputs):
        lines.append(f"  {slot} {output.name}: {output.socket}" + (" (list)" if output.many else ""))
    lines += ["", "It saves or shows something, so it runs whenever it is in a workflow."] if spec.is_target else []
    return "\n".join(lines)


def _input_line(declared: Input) -> str:
    remarks = []
    match declared.widget:
        case Range(low, high):
            remarks.append(f"{low:g} to {high:g}")
        case Seed():
            remarks.append("a seed")
        case Choice(source):
            remarks.append(f"one of the {source}")
        case Options(values):
            remarks.append("one of " + ", ".join(map(str, values)))
    if declared.required:
        remarks.append("required")
    elif declared.default is not None:
        remarks.append(f"default {declared.default!r}")
    else:
        remarks.append("optional")
    if declared.many:
        remarks.append("takes a whole list")
    name = f"{declared.growing}1, {declared.growing}2 …" if declared.growing else declared.name
    return f"  {name}: {declared.socket} ({', '.join(remarks)})" + (f" – {declared.tip}" if declared.tip else "")
