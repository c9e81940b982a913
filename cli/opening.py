"""From a file name and options to a checked workflow."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cli.errors import CommandError
from cli.hashes import FileHashes
from cli.places import places
from graph.choices import Choices
from graph.errors import Problem
from graph.graph import Graph
from graph.registry import Registry
from graph.spec import SEED_LIMIT, Seed
from graph.workflow import Link
from workflows.checking import World, check_document, find_values, understood
from workflows.document import Document
from workflows.pictures import open_document
from workflows.values import Place


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
    where = places(arguments)
    hash_of = FileHashes(where.folders, where.state / "hashes.sqlite")
    world = World(registry, choices, arguments.read_editor_format, hash_of)
    document = understood(document, world)
    remarks: list[Problem] = []
    placed = {} if document.errors else _placed(document, registry, arguments, remarks)
    checked = check_document(document, world, placed=placed, remarks=remarks, strict=arguments.strict)
    problems = tuple(_named(problem, placed) for problem in checked.problems)
    return Opened(path, checked.document, problems, checked.graph)


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
        found, unknown = find_values(document, {key.strip(): _value(text)})
        placed |= found
        problems += [replace(problem, message=f"--set: {problem.message}") for problem in unknown]
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


def _named(problem: Problem, placed: Mapping[Place, Any]) -> Problem:
    """A problem with what was set by hand names the option that set it."""
    if problem.code == "unknown_input" and (problem.node, problem.input) in placed:
        return replace(problem, message=f"--set: {problem.message}")
    return problem
