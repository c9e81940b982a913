"""A workflow document as a value: our own format, and the bare API format inside it.

A document is a JSON object whose ``nodes`` member is the public API format:

    {"format": "patchbay/1",
     "nodes": {"3": {"class_type": "KSampler", "inputs": {"seed": 1, "model": ["4", 0]}, "_meta": {"title": "Sample"}}},
     "modes": {"3": "mute" | "bypass"},                      which nodes do not run, or are passed by
     "definitions": {"<id>": {"nodes", "modes", "inputs", "outputs", …}},   used as class_type "subgraph:<id>"
     "inputs":  [{"name": "seed", "to": [["3", "seed"]], …}],   named parameters of the whole
     "outputs": [{"name": "picture", "from": ["8", 0], …}],
     "layout", "groups", "notes", "controls", "requires", …}    carried along as they are

Reading never raises: what is wrong is a Problem, addressed to its node and input. Writing gives back all that was read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graph.errors import Problem
from graph.workflow import Workflow
from workflows.api import write_nodes
from workflows.lenient_json import NotJson, read_json, repeated_keys, write_json
from workflows.subgraphs import flatten

FORMAT = "patchbay/1"
EDITOR_FORMAT = (
    "this file is in the editor's own format, which names no values; "
    "export it from the editor in the API format (Workflow → Export (API)) and run that"
)


@dataclass(frozen=True)
class Document:
    """What a file says (``members``), the flat workflow it means, and everything that is wrong with it."""

    members: Mapping[str, Any] = field(default_factory=lambda: {"format": FORMAT, "nodes": {}})
    problems: tuple[Problem, ...] = ()
    workflow: Workflow = field(default_factory=lambda: Workflow({}))
    editor_text: str | None = None
    """The public editor's own JSON, where the file was that or carried it: passed on, never read here."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    def text(self) -> str:
        """The document as a file of ours has it, everything that was read included."""
        return write_json(self.members, indent=1)

    def chunks(self) -> dict[str, str]:
        """What to write into a file that this document made, by the public keywords; all of it ASCII."""
        texts = {"prompt": write_json(self.api()), "patchbay": write_json(self.members)}
        return texts if self.editor_text is None else texts | {"workflow": self.editor_text}

    def api(self) -> dict[str, Any]:
        """The public API format of the flat workflow: subgraphs taken apart, whole numbers in full."""
        return write_nodes(self.workflow.nodes)


def read_document(source: bytes | str | Mapping[str, Any]) -> Document:
    """Read a document or a bare API-format workflow. Never raises: problems are in the document."""
    if isinstance(source, (bytes, str)):
        try:
            source = read_json(source)
        except NotJson as error:
            return refused("bad_json", str(error))
    if not isinstance(source, Mapping) or not source:
        return refused("bad_document", "a workflow must be a JSON object of nodes")
    written = source.get("format")
    if isinstance(written, str) and written.startswith("patchbay/"):
        if written != FORMAT:
            return refused("unknown_format", f"this document has the format {written!r}; this program reads {FORMAT!r}")
        return from_members(source)
    nodes = source.get("nodes")
    if isinstance(nodes, list):
        return replace(refused("editor_format", EDITOR_FORMAT), editor_text=write_json(source))
    if isinstance(nodes, Mapping) and "class_type" not in nodes:
        return from_members({"format": FORMAT, **source})
    prompt = source.get("prompt")
    if isinstance(prompt, Mapping) and "class_type" not in prompt:  # the body of a request, saved as it was sent
        return from_members({"format": FORMAT, "nodes": prompt})
    return from_members({"format": FORMAT, "nodes": source})


def from_members(members: Mapping[str, Any]) -> Document:
    """The document that these members are."""
    problems: list[Problem] = []
    for repeated in repeated_keys(members):
        problems.append(Problem("repeated_key", f"the document says {repeated!r} twice"))
    if "nodes" not in members:
        problems.append(Problem("bad_document", "the document has no nodes"))
    nodes = flatten(members, problems)
    if not nodes and not problems:
        problems.append(Problem("bad_document", "the document has no nodes"))
    for name in ("definitions", "requires", "controls"):
        if not isinstance(members.get(name) or {}, Mapping):
            problems.append(
                Problem("bad_document", f"{name!r} must be a JSON object; it is ignored", severity="warning")
            )
    requires = members.get("requires")
    versions = requires.items() if isinstance(requires, Mapping) else ()
    workflow = Workflow(nodes, {kind: version for kind, version in versions if type(version) is int})
    return Document(members, tuple(problems), workflow)


def refused(code: str, message: str) -> Document:
    """A document that could not be read, for this reason."""
    return Document(problems=(Problem(code, message),))
