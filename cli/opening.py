"""From a file name and options to a checked workflow."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cli.errors import CommandError
from cli.hashes import FileHashes
from cli.places import places
from graph.choices import Choices
from graph.errors import InvalidWorkflow, Problem
from graph.graph import Graph, resolve
from graph.registry import Registry
from graph.spec import SEED_LIMIT, Seed
from graph.workflow import Link
from workflows.document import Document
from workflows.found_files import with_found_files
from workflows.lenient_json import read_json
from workflows.pictures import open_document
from workflows.values import Place, find_places, with_placed_values

EditorReader = Callable[[Mapping[str, Any], Registry], Document]


@dataclass(frozen=True)
class Opened:
    """One file, read and checked. Without a graph it cannot run, and its problems say why."""

    path: Path
    document: Document
    problems: tuple[Problem, ...]
    graph: Graph | None

    def title(self, node_id: str) -> str:
        """How a person would call a node: ``Sampler (3)``, by its title or its class."""
        grown_from = node_id.partition("/")[0]  # nodes that a node put in its place are called parent/1, parent/2 …
        node = self.document.workflow.nodes.get(grown_from)
        return f"{node.title or node.type} ({node_id})" if node else f"node {node_id}"

    def sentence(self, problem: Problem) -> str:
        """A problem as a line for a person."""
        return f"{self.title(problem.node)}: {problem.message}" if problem.node else problem.message


def open_file(path: Path, arguments: argparse.Namespace, registry: Registry, choices: Mapping[str, Choices]) -> Opened:
    """Read a file, set what the options set, check it all. Raises CommandError when there is no file to read."""
    try:
        document = open_document(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}") from error
    foreign = any(problem.code == "editor_format" for problem in document.problems)
    if foreign and document.editor_text and arguments.read_editor_format:
        document = arguments.read_editor_format(read_json(document.editor_text), registry)
    if "hashes" in document.members and not document.errors:
        where = places(arguments)
        document = with_found_files(document, choices, FileHashes(where.folders, where.state / "hashes.sqlite"))
    problems = list(document.problems)
    placed: dict[Place, Any] = {}
    if not document.errors:
        placed = _placed(document, registry, arguments, problems)
        document = with_placed_values(document, placed)
    graph = None
    if document.workflow.nodes:
        try:
            graph = resolve(document.workflow, registry, choices, strict=arguments.strict)
            found: Sequence[Problem] = graph.warnings
        except InvalidWorkflow as error:
            found = error.problems
        said = {(problem.node, problem.input) for problem in problems if problem.node}
        problems += [problem for problem in found if (problem.node, problem.input) not in said]
    graded = tuple(sorted((_graded(problem, placed, arguments.strict) for problem in problems), key=_order))
    if graph is not None and not graph.targets:  # all that could save anything is of a kind that is not known here
        graded = tuple(replace(problem, severity="error") for problem in graded)
    refused = any(problem.severity == "error" for problem in graded)
    return Opened(path, document, graded, None if refused else graph)


def _placed(
    document: Document, registry: Registry, arguments: argparse.Namespace, problems: list[Problem]
) -> dict[Place, Any]:
    """What ``--seed`` and ``--set`` change, the latter last."""
    placed: dict[Place, Any] = {}
    if arguments.seed is not None:
        if not 0 <= arguments.seed <= SEED_LIMIT:
            raise CommandError(f"--seed takes whole numbers from 0 to {SEED_LIMIT}, not {arguments.seed}")
        placed = dict.fromkeys(_seeds(document, registry), arguments.seed)
        if not placed:
            problems.append(Problem("no_seed", "--seed changes nothing: no node has a seed", severity="warning"))
    for word in arguments.values:
        key, equals, text = word.partition("=")
        if not equals:
            raise CommandError(f"--set takes NODE.INPUT=VALUE, as in --set 3.seed=7, not {word!r}")
        try:
            placed |= dict.fromkeys(find_places(document, key.strip()), _value(text))
        except InvalidWorkflow as error:
            problems += [replace(problem, message=f"--set: {problem.message}") for problem in error.problems]
    return placed


def _seeds(document: Document, registry: Registry) -> list[Place]:
    return [
        (node_id, declared.name)
        for node_id, node in document.workflow.nodes.items()
        if node.type in registry
        for declared in registry[node.type].spec.inputs
        if isinstance(declared.widget, Seed) and not isinstance(node.inputs.get(declared.name), Link)
    ]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _graded(problem: Problem, placed: Mapping[Place, Any], strict: bool) -> Problem:
    """What a person sets by hand must be there; a strict check has no warnings."""
    if problem.code == "unknown_input" and (problem.node, problem.input) in placed:
        return replace(problem, message=f"--set: {problem.message.partition(';')[0]}", severity="error")
    return replace(problem, severity="error") if strict else problem


def _order(problem: Problem) -> bool:
    return problem.severity != "error"
