"""Node types as public definitions (``/object_info``).

{"input": {"required": {name: [type or choices, options]}, "optional": {…}}, "input_order": {…},
 "output": [types], "output_is_list": [bool], "output_name": [names], "name", "display_name", "category", …}
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graph.choices import Choices
from graph.declare import NodeType
from graph.registry import Registry
from graph.spec import SEED_LIMIT, Choice, Input, NodeSpec, Options, Output, Range, Seed, Text
from graph.workflow import Link, Workflow

OF_THE_EDITOR = frozenset({"Reroute", "Note", "MarkdownNote", "PrimitiveNode"})
"""Nodes that public front ends bring themselves: a definition of ours would take their place."""
ABSENT = {
    "ImageOnlyCheckpointLoader": "ckpt_name",
    "UNETLoader": "unet_name",
    "StyleModelLoader": "style_model_name",
    "GLIGENLoader": "gligen_name",
}
"""Loaders that we do not have, with their input: a published front end that finds no definition of them draws no list
of files at all. They are said to be deprecated, so that it does not offer them; running one is refused."""
OF_INPUTS = frozenset({"sections", "options", "hidden"})
"""What a foreign class says of its inputs, which stands among these."""
SHORT = 20  # choices that an error lists
GROWN = 8  # numbered inputs offered of one that grows
PICTURES = "images"


class Definitions:
    """The definitions of all node types. What choices list is looked up once per answer."""

    def __init__(self, registry: Registry, choices: Mapping[str, Choices]):
        self._registry, self._choices = registry, choices
        self._listed: dict[str, Sequence[str]] = {}

    def all(self) -> dict[str, Any]:
        """By name; node types with several names are there under each."""
        return {
            name: self._definition(node_type, name)
            for node_type in self._registry
            for name in (node_type.spec.name, *node_type.spec.aliases)
            if name not in OF_THE_EDITOR
        } | {name: _absent(name, label) for name, label in ABSENT.items() if name not in self._registry}

    def one(self, name: str) -> dict[str, Any]:
        """The definition of one name, by itself; nothing for a name that is not known."""
        node_type = self._registry.get(name)
        return {} if node_type is None or name in OF_THE_EDITOR else {name: self._definition(node_type, name)}

    def config(self, node_type: str, name: str) -> list[Any] | None:
        """Type and options of one input; None for a list of choices that is long, [] for an input that is not there."""
        known = self._registry.get(node_type)
        if known is None:
            return []
        for _, label, declared in _inputs(known.spec):
            if label == name:
                kind, options = self._input(declared)
                return [kind, options] if not isinstance(kind, list) or len(kind) <= SHORT else None
        return []

    def socket(self, workflow: Workflow, link: Link) -> str | None:
        """The type of the output that a link leads from; None where there is none."""
        source = workflow.nodes.get(link.node)
        known = self._registry.get(source.type) if source is not None else None
        if known is None or not 0 <= link.output < len(known.spec.outputs):
            return None
        return known.spec.outputs[link.output].socket

    def _definition(self, node_type: NodeType, name: str) -> dict[str, Any]:
        spec = node_type.spec
        inputs: dict[str, dict[str, Any]] = {"required": {}, "optional": {}, "hidden": {}}
        said = spec.public
        for section, label, declared in _inputs(spec):
            section = said.get("sections", {}).get(label, section)
            inputs[section][label] = self._input(declared, said.get("options", {}).get(label, {}))
        inputs = {section: entries for section, entries in inputs.items() if entries or section == "required"}
        order = {section: list(entries) for section, entries in inputs.items()}
        if filled := said.get("hidden"):
            inputs["hidden"] = filled | inputs.get("hidden", {})
        return {
            "input": inputs,
            "input_order": order,
            "output": [output.socket for output in spec.outputs],
            "output_is_list": [output.many for output in spec.outputs],
            "output_name": [_output_name(output) for output in spec.outputs],
            "name": name,
            "display_name": spec.title,
            "description": spec.description,
            "python_module": "nodes",
            "category": spec.category,
            "output_node": spec.is_target,
            **{name: value for name, value in said.items() if name not in OF_INPUTS},
        }

    def _input(self, declared: Input, said: Mapping[str, Any] | None = None) -> list[Any]:
        """Type and options; of a foreign class also the options that it ``said`` and nothing here stands for."""
        options: dict[str, Any] = dict(said or {}) | ({"tooltip": declared.tip} if declared.tip else {})
        if declared.default is not None:
            options.setdefault("default", declared.default)
        if declared.lazy:
            options["lazy"] = True
        match declared.widget:
            case Choice(source):
                if source == PICTURES:
                    options["image_upload"] = True
                return [list(self._names(source)), options]
            case Options(values):
                return [list(values), options]
            case Range(low, high, step):
                whole = declared.socket == "INT"
                options |= {"min": int(low) if whole else low, "max": int(high) if whole else high}
                if step is not None:
                    options["step"] = int(step) if whole else step
            case Seed():
                options |= {"min": 0, "max": SEED_LIMIT, "control_after_generate": True}
            case Text(multiline):
                options["multiline"] = multiline
        return [declared.socket, options]

    def _names(self, source: str) -> Sequence[str]:
        if source not in self._listed:
            found = self._choices.get(source)
            self._listed[source] = () if found is None else found.names()
        return self._listed[source]


def _inputs(spec: NodeSpec) -> Iterator[tuple[str, str, Input]]:
    """Section and label of every input as the public front end draws them: widgets stand among what is required."""
    for declared in spec.inputs:
        if declared.growing is not None:
            for number in range(1, GROWN + 1):
                section = "required" if declared.required and number == 1 else "optional"
                yield section, f"{declared.growing}{number}", declared
        else:
            is_widget = declared.widget is not None or declared.plain is not None
            needed = declared.required or (is_widget and declared.default is not None)
            yield "required" if needed else "optional", declared.name, declared


def _output_name(output: Output) -> str:
    """An output that is called as its type is spelled like its type."""
    return output.socket if output.name.upper() == output.socket else output.name


def _absent(name: str, label: str) -> dict[str, Any]:
    """A definition of a node that this program does not have."""
    return {
        "input": {"required": {label: [[], {}]}},
        "input_order": {"required": [label]},
        "output": [],
        "output_is_list": [],
        "output_name": [],
        "name": name,
        "display_name": name,
        "description": "This program does not have this node.",
        "python_module": "nodes",
        "category": "absent",
        "output_node": False,
        "deprecated": True,
    }
