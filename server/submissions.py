"""What people send to be run, in whatever form: read, filled in, checked, and as the queue keeps it."""

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from diffusion.files.folders import KINDS
from graph.errors import Problem
from graph.graph import Graph
from graph.spec import Choice
from graph.workflow import NodeId
from server.refusals import invalid
from workflows.checking import Checked, World, check_document, find_values, understood
from workflows.document import Document, read_document, refused
from workflows.lenient_json import NotJson, read_json, write_json
from workflows.pictures import is_picture, read_any

SURROGATE = re.compile(r"[\ud800-\udfff]")
SPELLED = re.compile(rb"\\u[dD][89a-fA-F]")
"""How half of a character gets into JSON: nothing else can spell one."""


@dataclass(frozen=True)
class Submission:
    """A document that can run, with what the queue wants to know of it."""

    document: Document
    graph: Graph
    warnings: tuple[Problem, ...]
    targets: tuple[NodeId, ...] | None = None
    dropped: tuple[NodeId, ...] = ()

    @property
    def text(self) -> str:
        """The document as JSON, every value that was set in its place."""
        return write_json(self.document.members)

    @property
    def title(self) -> str:
        """What a person would call it."""
        title = self.document.members.get("title")
        return title[:200] if isinstance(title, str) else ""

    @property
    def models(self) -> tuple[str, ...]:
        """The model files that its nodes name, as ``loras/styles/neon.safetensors``."""
        found = [
            f"{declared.widget.source}/{value}"
            for node_id in self.graph.order
            for name, value in self.graph.nodes[node_id].constants.items()
            if isinstance(value, str)
            and isinstance((declared := self.graph.nodes[node_id].declared(name)).widget, Choice)
            and declared.widget.source in KINDS
        ]
        return tuple(dict.fromkeys(found))

    def remarks(self) -> list[dict[str, Any]]:
        """The warnings as JSON values."""
        return [asdict(warning) for warning in self.warnings]


@dataclass(frozen=True)
class Wanted:
    """What is asked for beside the document."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    targets: Iterable[NodeId] | None = None
    partial: bool = False
    """Whether targets that cannot run may be left out."""


def read_source(source: bytes, world: World, name: str = "the file") -> Document:
    """The document that these bytes are, or that the picture carries. What is wrong is in its problems."""
    if not is_picture(source[:12]):
        try:
            if SPELLED.search(source) and (place := half_character(read_json(source))) is not None:
                return refused("not_text", f"{place} holds half of a character (a lone surrogate); write it again")
        except NotJson:
            pass  # it may be a text of parameters; if not, reading says what is wrong with it
    return understood(read_any(io.BytesIO(source), name), world)


def read_members(members: Any, world: World) -> Document:
    """The same for JSON that was parsed already."""
    if (place := half_character(members)) is not None:
        return refused("not_text", f"{place} holds half of a character (a lone surrogate); write it again")
    return understood(read_document(members), world)


def look_over(document: Document, world: World, wanted: Wanted) -> Checked:
    """Set the parameters and check it all."""
    placed, unknown = find_values(document, wanted.parameters) if not document.errors else ({}, [])
    return check_document(
        document, world, placed=placed, remarks=unknown, targets=wanted.targets, partial=wanted.partial
    )


def submission(document: Document, world: World, wanted: Wanted) -> Submission:
    """A document ready for the queue. Raises Refused with every problem."""
    checked = look_over(document, world, wanted)
    if checked.graph is None:
        raise invalid(refusal(checked.problems), checked.problems)
    asked = None if wanted.targets is None and not checked.dropped else checked.graph.targets
    return Submission(checked.document, checked.graph, checked.problems, asked, checked.dropped)


def refusal(problems: Iterable[Problem]) -> str:
    """One sentence for several problems."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if not errors:
        return "this workflow cannot run"
    first = f"{errors[0].node}: {errors[0].message}" if errors[0].node else errors[0].message
    return first if len(errors) == 1 else f"{first} (and {len(errors) - 1} more)"


def half_character(value: Any) -> str | None:
    """Where in a JSON value a lone surrogate stands, None if nowhere."""
    waiting = [("the document", value)]
    while waiting:
        where, item = waiting.pop()
        if isinstance(item, str):
            if not item.isascii() and SURROGATE.search(item):
                return where
        elif isinstance(item, list):
            waiting += [(where, inner) for inner in item]
        elif isinstance(item, dict):
            for key, inner in item.items():
                if not key.isascii() and SURROGATE.search(key):
                    return f"a name in {where}"
                waiting.append((key[:60], inner))
    return None
