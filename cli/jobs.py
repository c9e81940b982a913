"""What a worker does with one job: from the text of a document to files, events and one end."""

import argparse
import hashlib
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cli.errors import CommandError
from cli.execution import Execution
from cli.hashes import FileHashes
from cli.parts import build_choices
from cli.places import Places
from cli.telling import Tell, Teller
from graph.errors import Cancelled, NodeFailed, Problem
from graph.graph import Graph
from graph.registry import Registry
from graph.workflow import NodeId
from workflows.checking import World, check_document, understood
from workflows.document import Document, read_document
from workflows.modes import without_modes
from workflows.publishing import Publisher


@dataclass(frozen=True)
class Order:
    """What a job asks for: a document of ours as text, and which of its targets."""

    document: str
    editor_text: str | None = None
    targets: tuple[NodeId, ...] | None = None


@dataclass(frozen=True)
class End:
    """What became of a job. ``spent``: the device is in a state that only a new process gets out of."""

    state: Literal["succeeded", "failed", "cancelled"]
    error: Mapping[str, Any] | None = None
    spent: bool = False


class NotRunnable(Exception):
    """A document that cannot run here, though it was accepted. Carries its problems."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = [problem for problem in problems if problem.severity == "error"]
        named = (f"{problem.node}: {problem.message}" if problem.node else problem.message for problem in self.problems)
        super().__init__("; ".join(named))


class Jobs:
    """Runs one job after the other over the same loaded models and stored outputs. Making one imports no torch."""

    def __init__(self, where: Places, arguments: argparse.Namespace, registry: Registry):
        """Raises CommandError for options that mean nothing, and where nothing can be remembered."""
        hash_of = FileHashes(where.folders, where.state / "hashes.sqlite")
        self._world = World(registry, build_choices(where), hash_of=hash_of)
        self._execution = Execution(where, arguments)

    def run(
        self,
        order: Order,
        tell: Tell,
        cancel: threading.Event,
        wants_previews: Callable[[], bool] = lambda: False,
        publisher: Publisher | None = None,
    ) -> End:
        """Do what is asked for, telling of it; whatever goes wrong is in the end that is returned.

        ``publisher`` gives saved files their names; by default this process does.
        """
        try:
            document, graph = self._open(order)
            result = self._execution.executor(workflow_of(document)).run(
                graph,
                resources=self._execution.resources(without_modes(document, self._world.registry), publisher),
                emit=Teller(tell, wants_previews),
                cancel=cancel,
            )
        except Cancelled:
            return End("cancelled")
        except NotRunnable as error:
            problems = [
                {"code": problem.code, "message": problem.message, "node": problem.node, "input": problem.input}
                for problem in error.problems
            ]
            return End("failed", {"message": str(error), "problems": problems})
        except CommandError as error:
            return End("failed", {"message": str(error)})
        except Exception as error:
            traceback.print_exc()  # into the worker's log; the message is all that leaves it
            return End("failed", {"message": f"internal error: {type(error).__name__}: {error}"}, is_lost(error))
        if not result.failures:
            return End("succeeded")
        failures = list(result.failures.values())
        return End("failed", _told(failures), any(is_lost(failure) for failure in failures))

    def explain(self, order: Order) -> dict[NodeId, dict[str, Any]]:
        """For each node that would be needed, whether it would run now and why. Raises NotRunnable."""
        return self.explain_graph(*self._open(order))

    def explain_graph(self, document: Document, graph: Graph) -> dict[NodeId, dict[str, Any]]:
        """The same for a document that was checked already."""
        resources = self._execution.resources(without_modes(document, self._world.registry))
        found = self._execution.executor(workflow_of(document)).explain(graph, resources=resources)
        return {node_id: {"runs": told.runs, "reason": told.reason} for node_id, told in found.items()}

    def warm(self) -> None:
        """Do now what the first job would wait for: torch is imported, the device looked at."""
        self._execution.warm()

    def free(self, *, models: bool, cache: bool) -> None:
        """Let go of models, and of outputs kept in memory."""
        self._execution.free(models=models, cache=cache)

    def resident(self) -> list[str]:
        """The model files whose weights are on the device, as ``<folder>/<name>``."""
        return self._execution.resident()

    def device(self) -> Mapping[str, Any] | None:
        """The device and its memory; None before the first model was used, which is when it is looked at."""
        return self._execution.device()

    def _open(self, order: Order) -> tuple[Document, Graph]:
        document = understood(read_document(order.document), self._world)
        if order.editor_text is not None:
            document = replace(document, editor_text=order.editor_text)
        checked = check_document(document, self._world, targets=order.targets)
        if checked.graph is None:
            raise NotRunnable(checked.problems)
        return checked.document, checked.graph


def workflow_of(document: Document) -> str:
    """What tells the records of this workflow's runs from others': its id, or else which nodes it has."""
    identity = document.members.get("id")
    if isinstance(identity, str) and identity:
        return f"document {identity}"
    shape = sorted((node_id, node.type) for node_id, node in document.workflow.nodes.items())
    return f"nodes {hashlib.sha256(repr(shape).encode()).hexdigest()}"


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the device itself is unusable, for this process, from now on."""
    return any("CUDA error" in str(cause) or type(cause).__name__ == "AcceleratorError" for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _told(failures: Sequence[NodeFailed]) -> dict[str, Any]:
    """The first failure, with all of them beside it; where they came from goes into the worker's log."""
    for failure in failures:
        traceback.print_exception(failure, file=sys.stderr)
    nodes = [
        {"node": failure.node, "type": failure.type, "message": failure.message, "item": failure.item}
        for failure in failures
    ]
    return nodes[0] | {"failures": nodes}
