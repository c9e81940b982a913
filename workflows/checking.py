"""From a document to one that can run: other editors' formats read, files found, values set, everything checked.

The command line and the server both come through here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graph.choices import Choices
from graph.errors import InvalidWorkflow, Problem
from graph.graph import Graph, resolve, resolve_runnable
from graph.registry import Registry
from graph.workflow import NodeId
from workflows.document import Document
from workflows.found_files import with_found_files
from workflows.lenient_json import read_json
from workflows.parameters import HashOf, unknown_hash
from workflows.upscalers import with_upscalers
from workflows.values import Place, find_places, with_placed_values

EditorReader = Callable[[Mapping[str, Any], Registry], Document]
"""Reads files in the format of other editors, which names no values."""


@dataclass(frozen=True)
class World:
    """What documents are held against: node types, what choices offer, and who reads other editors' files."""

    registry: Registry
    choices: Mapping[str, Choices] = field(default_factory=dict)
    read_editor_format: EditorReader | None = None
    hash_of: HashOf = unknown_hash
    read_for_editing: EditorReader | None = None
    """The same as ``read_editor_format`` with everything that an editor draws, and nothing taken apart."""


@dataclass(frozen=True)
class Checked:
    """A document with all that is wrong with it, errors first. Without a graph it cannot run."""

    document: Document
    problems: tuple[Problem, ...]
    graph: Graph | None
    dropped: tuple[NodeId, ...] = ()
    """Targets that cannot run and were left out, where that was allowed."""


def understood(document: Document, world: World) -> Document:
    """The document itself, where it was in another editor's format; with names of model files as they are here."""
    foreign = any(problem.code == "editor_format" for problem in document.problems)
    if foreign and document.editor_text and world.read_editor_format is not None:
        document = world.read_editor_format(read_json(document.editor_text), world.registry)
    if "hashes" in document.members and not document.errors:
        document = with_found_files(with_upscalers(document, world.choices), world.choices, world.hash_of)
    return document


def find_values(document: Document, values: Mapping[str, Any]) -> tuple[dict[Place, Any], list[Problem]]:
    """Where values go, by the names of `find_places`; a name that means nothing is a problem."""
    placed: dict[Place, Any] = {}
    problems: list[Problem] = []
    for key, value in values.items():
        try:
            placed |= dict.fromkeys(find_places(document, key), value)
        except InvalidWorkflow as error:
            problems += error.problems
    return placed, problems


def check_document(
    document: Document,
    world: World,
    *,
    placed: Mapping[Place, Any] | None = None,
    remarks: Sequence[Problem] = (),
    strict: bool = False,
    targets: Iterable[NodeId] | None = None,
    partial: bool = False,
) -> Checked:
    """Set values, then check it all. ``remarks`` are problems found before, which join the others.

    ``partial`` lets a document run without those of its targets that cannot.
    """
    placed = placed or {}
    problems = [*document.problems, *remarks]
    if not document.errors:
        document = with_placed_values(document, placed)
    graph: Graph | None = None
    dropped: tuple[NodeId, ...] = ()
    if document.workflow.nodes:
        try:
            if partial and not strict:
                graph, dropped = resolve_runnable(document.workflow, world.registry, world.choices, targets=targets)
            else:
                graph = resolve(document.workflow, world.registry, world.choices, strict=strict, targets=targets)
            found: Sequence[Problem] = graph.warnings
        except InvalidWorkflow as error:
            found = error.problems
        said = {(problem.node, problem.input) for problem in problems if problem.node}
        problems += [problem for problem in found if (problem.node, problem.input) not in said]
    graded = tuple(sorted((_graded(problem, placed, strict) for problem in problems), key=_order))
    if graph is not None and not graph.targets:  # all that could save anything is of a kind that is not known here
        graded = tuple(replace(problem, severity="error") for problem in graded)
    refused = any(problem.severity == "error" for problem in graded)
    return Checked(document, graded, None if refused else graph, dropped)


def _graded(problem: Problem, placed: Mapping[Place, Any], strict: bool) -> Problem:
    """What a person sets by hand must be there; a strict check has no warnings."""
    if problem.code == "unknown_input" and (problem.node, problem.input) in placed:
        return replace(problem, message=problem.message.partition(";")[0], severity="error")
    return replace(problem, severity="error") if strict else problem


def _order(problem: Problem) -> bool:
    return problem.severity != "error"
