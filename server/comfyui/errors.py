"""Refusals in the public shape: one error for the whole, and those of each node with what was expected."""

from collections.abc import Iterable, Mapping
from typing import Any

from graph.errors import Problem
from graph.workflow import Link, NodeId, Workflow
from server.comfyui.object_info import Definitions

TYPES = {
    "missing_input": "required_input_missing",
    "dangling_link": "bad_linked_input",
    "bad_output": "bad_linked_input",
    "needs_link": "bad_linked_input",
    "type_mismatch": "return_type_mismatch",
    "wrong_type": "invalid_input_type",
    "not_finite": "invalid_input_type",
    "unknown_choice": "value_not_in_list",
    "ambiguous_choice": "value_not_in_list",
    "refused_input": "custom_validation_failed",
    "cycle": "dependency_cycle",
}
MESSAGES = {
    "required_input_missing": "Required input is missing",
    "bad_linked_input": "Bad linked input",
    "return_type_mismatch": "Return type mismatch between linked nodes",
    "invalid_input_type": "Failed to convert an input value",
    "value_not_in_list": "Value not in list",
    "value_smaller_than_min": "Value smaller than min",
    "value_bigger_than_max": "Value bigger than max",
    "custom_validation_failed": "Custom validation failed for node",
    "dependency_cycle": "Dependency cycle",
}


def error(kind: str, message: str, details: str = "") -> dict[str, Any]:
    """The error of the whole."""
    return {"type": kind, "message": message, "details": details, "extra_info": {}}


def whole(problems: Iterable[Problem]) -> dict[str, Any]:
    """The error of the whole, by its worst problem."""
    faults = [problem for problem in problems if problem.severity == "error"]
    for fault in faults:
        if fault.code == "unknown_node":
            return error("missing_node_type", fault.message, f"Node ID '{fault.node}'")
        if fault.code == "no_targets":
            return error("prompt_no_outputs", "Prompt has no outputs", fault.message)
    beyond = [fault.message for fault in faults if fault.node is None or fault.code == "bad_document"]
    if beyond:
        return error("invalid_prompt", beyond[0], "; ".join(beyond[1:]))
    return error("prompt_outputs_failed_validation", "Prompt outputs failed validation")


def of_nodes(problems: Iterable[Problem], workflow: Workflow, definitions: Definitions) -> dict[NodeId, Any]:
    """The errors of each node, and which outputs they keep from running."""
    found: dict[NodeId, Any] = {}
    for problem in problems:
        if problem.severity != "error" or problem.node is None or problem.node not in workflow.nodes:
            continue
        node = workflow.nodes[problem.node]
        entry = found.setdefault(problem.node, {"errors": [], "dependent_outputs": [], "class_type": node.type})
        entry["errors"].append(_of_node(problem, workflow, definitions))
    if found:
        _add_outputs(found, workflow, definitions)
    return found


def _of_node(problem: Problem, workflow: Workflow, definitions: Definitions) -> dict[str, Any]:
    node = workflow.nodes[problem.node or ""]
    value = node.inputs.get(problem.input) if problem.input else None
    config = definitions.config(node.type, problem.input) if problem.input else []
    kind = TYPES.get(problem.code, "exception_during_validation")
    if problem.code == "out_of_range":
        low = config[1].get("min") if config else None
        below = isinstance(value, (int, float)) and isinstance(low, (int, float)) and value < low
        kind = "value_smaller_than_min" if below else "value_bigger_than_max"
    extra: dict[str, Any] = {}
    if problem.input:
        extra = {"input_name": problem.input, "input_config": config}
    if isinstance(value, Link):
        extra["linked_node"] = [value.node, value.output]
        if (given := definitions.socket(workflow, value)) is not None:
            extra["received_type"] = given
    elif value is not None:
        extra["received_value"] = value
    return {
        "type": kind,
        "message": MESSAGES.get(kind, problem.message),
        "details": problem.message,
        "extra_info": extra,
    }


def _add_outputs(found: Mapping[NodeId, Any], workflow: Workflow, definitions: Definitions) -> None:
    """Say of each faulty node which outputs wait for it. One walk for each output, over what it needs."""
    for node_id, node in workflow.nodes.items():
        known = definitions.one(node.type)
        if not known or not next(iter(known.values()))["output_node"]:
            continue
        seen, waiting = {node_id}, [node_id]
        while waiting:
            reached = waiting.pop()
            if reached in found:
                found[reached]["dependent_outputs"].append(node_id)
            placed = workflow.nodes.get(reached)
            for value in placed.inputs.values() if placed is not None else ():
                if isinstance(value, Link) and value.node not in seen:
                    seen.add(value.node)
                    waiting.append(value.node)
