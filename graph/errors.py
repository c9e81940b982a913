"""Everything the engine can refuse or fail to do, and how it says so.

GraphError
 ├─ DeclarationError   a node function is not a valid node         (its author's mistake)
 ├─ InvalidWorkflow    a workflow cannot run; lists every Problem  (its user's mistake)
 ├─ NodeFailed         a node raised while running
 ├─ AmbiguousChoice    a name means more than one thing
 └─ Cancelled          somebody pressed stop
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


class GraphError(Exception):
    """Base of every error the engine raises on purpose."""


class DeclarationError(GraphError):
    """A decorated function cannot be read as a node, or two nodes claim one name."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a workflow, addressed to the node and input that it is about."""

    code: str
    message: str
    node: str | None = None
    input: str | None = None
    severity: Severity = "error"


class InvalidWorkflow(GraphError):
    """The workflow cannot run. Carries all problems at once, warnings too."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        errors = [problem for problem in self.problems if problem.severity == "error"]
        super().__init__(
            "; ".join(f"{problem.node}: {problem.message}" if problem.node else problem.message for problem in errors)
        )


class NodeFailed(GraphError):
    """A node raised. The original exception is ``__cause__``."""

    def __init__(self, node: str, type: str, message: str, item: int = 0):
        self.node, self.type, self.message, self.item = node, type, message, item
        super().__init__(f"{type} ({node}): {message}")


class AmbiguousChoice(GraphError):
    """A name fits more than one choice."""

    def __init__(self, name: str, candidates: Sequence[str]):
        self.name, self.candidates = name, tuple(candidates)
        super().__init__(f"{name!r} could be {' or '.join(map(repr, self.candidates))}")


class Cancelled(GraphError):
    """The run was stopped."""


def clear_frames(error: BaseException) -> None:
    """Let go of what the functions that raised an error had in hand. Where it was raised can still be told."""
    cleared: set[int] = set()
    chained: BaseException | None = error
    while chained is not None and id(chained) not in cleared:
        cleared.add(id(chained))
        traceback.clear_frames(chained.__traceback__)
        chained = chained.__cause__ or chained.__context__
