"""Workflows as values: open any file, check, export, say what would run. Nothing is kept."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from graph.errors import Problem
from graph.spec import Choice
from server.fields import Anything, ListOf, Member, Members, Text
from server.parts import Parts
from server.refusals import invalid, unavailable
from server.routing import Body, Call, Routes
from server.submissions import Wanted, look_over, read_members, read_source, refusal
from workflows.checking import Checked
from workflows.document import Document
from workflows.lenient_json import read_json
from workflows.modes import without_modes
from workflows.pictures import is_picture

ROUTES = Routes("documents")
ANY_FILE = ("application/octet-stream", "application/json", "image/png", "image/jpeg", "image/webp", "text/plain")
DOCUMENT = Member("document", Anything("Our document, the API format or the editor's format."), "What.", required=True)
WHOLE = Body(
    Members(
        (
            DOCUMENT,
            Member("parameters", Anything(), "Values by name, as in `POST /jobs`.", default={}),
            Member("targets", ListOf(Text(longest=500)), "Only what these nodes need."),
        )
    )
)


@ROUTES.add(
    "POST",
    "/open",
    "Read any file that is or carries a workflow",
    reply="Opened",
    body=Body(None, ANY_FILE, taken_as="bytes"),
)
async def open_file(call: Call) -> Mapping[str, Any]:
    """JSON of any form, a picture, or a text of parameters. What is wrong or missing never keeps it from opening."""
    return await asyncio.to_thread(_open, call.body, call.parts)


@ROUTES.add("POST", "/check", "Say everything that is wrong with a workflow", reply="Checked", body=WHOLE)
async def check(call: Call) -> Mapping[str, Any]:
    """Also its named inputs and outputs, and whether it could run as it is."""
    checked = await asyncio.to_thread(_check, call)
    members = checked.document.members
    return {
        "problems": _listed(checked.problems),
        "runs": checked.graph is not None,
        "targets": list(checked.graph.targets) if checked.graph else [],
        "inputs": [member for member in members.get("inputs") or () if isinstance(member, dict)],
        "outputs": [member for member in members.get("outputs") or () if isinstance(member, dict)],
    }


@ROUTES.add("POST", "/explain", "Say what would run, and why", reply="Explained", body=WHOLE)
async def explain(call: Call) -> Mapping[str, Any]:
    """By node, in the order in which they would run."""
    if call.parts.explain is None:
        raise unavailable("this server has no worker that could say what would run")
    checked = await asyncio.to_thread(_check, call)
    if checked.graph is None:
        raise invalid(refusal(checked.problems), checked.problems)
    return {"nodes": await call.parts.explain(checked)}


@ROUTES.add("POST", "/export", "Write a workflow in the public API format", reply="Document", body=WHOLE)
async def export(call: Call) -> Mapping[str, Any]:
    """Subgraphs taken apart, muted nodes left out, bypassed ones passed by."""
    checked = await asyncio.to_thread(_check, call)
    if checked.document.errors:
        raise invalid(refusal(checked.document.problems), checked.document.problems)
    return await asyncio.to_thread(lambda: without_modes(checked.document, call.parts.world.registry).api())


def _check(call: Call) -> Checked:
    document = read_members(call.body["document"], call.parts.world)
    return look_over(document, call.parts.world, Wanted(call.body["parameters"], call.body["targets"]))


def _open(source: bytes, parts: Parts) -> dict[str, Any]:
    document = read_source(source, parts.world)
    checked = look_over(document, parts.world, Wanted())
    return {
        "document": _drawn(checked.document, parts),
        "problems": _listed(checked.problems),
        "missing": _missing(checked.document, checked.problems, parts),
        "found_in": "picture" if is_picture(source[:12]) else "file",
    }


def _drawn(document: Document, parts: Parts) -> Mapping[str, Any]:
    """What an editor draws: another editor's own file, where there is one and nothing of ours says how."""
    read = parts.world.read_for_editing
    if document.editor_text is None or "layout" in document.members or read is None:
        return document.members
    return read(read_json(document.editor_text), parts.world.registry).members


def _missing(document: Document, problems: Iterable[Problem], parts: Parts) -> dict[str, list[Any]]:
    """Node types that are not known here, and names that no list has, each once."""
    nodes: dict[str, None] = {}
    models: dict[str, None] = {}
    for problem in problems:
        node = document.workflow.nodes.get(problem.node or "")
        if node is None:
            continue
        if problem.code == "unknown_node":
            nodes[node.type] = None
        elif problem.code == "unknown_choice" and problem.input and (known := parts.world.registry.get(node.type)):
            declared = known.by_name.get(problem.input)
            name = node.inputs.get(problem.input)
            if declared and isinstance(declared.widget, Choice) and isinstance(name, str):
                models[name] = None
    return {"nodes": list(nodes), "models": list(models)}


def _listed(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in problems]
