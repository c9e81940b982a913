"""Hold a workflow against the node types it names. Finds every problem at once; never recurses, never runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graph.choices import LONGEST, MOST_COMPARED, Choices, Lookup
from graph.cycles import cycles, depth_first
from graph.declare import NodeType
from graph.errors import Problem
from graph.literals import settle, shown
from graph.modes import Rewiring
from graph.registry import Registry
from graph.spec import Choice, Input
from graph.workflow import Link, Node, NodeId


@dataclass(slots=True)
class Bound:
    """A placed node whose every input is settled: a value of the right type, or a link to an output that is there.

    Keys are names as the workflow has them (``image_2``), in the order of the declaration.
    """

    type: NodeType
    constants: dict[str, Any]
    links: dict[str, Link]

    def names(self, declared: Input) -> Sequence[str]:
        """The names under which the workflow fills a declared input."""
        if declared.growing is None:
            return (declared.name,)
        return grown_names(declared, (*self.constants, *self.links))

    def declared(self, name: str) -> Input:
        """The declared input that a name of the workflow fills."""
        found = self.type.by_name.get(name)
        return found or next(grown for grown in self.type.growing if name in grown_names(grown, (name,)))


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: nodes without faults, in an order in which they can run, and all problems."""

    bound: dict[NodeId, Bound]
    order: tuple[NodeId, ...]
    """The targets and all that they need, sources first, depth first from the targets."""
    targets: tuple[NodeId, ...]
    problems: tuple[Problem, ...]


class Checker:
    """Checks workflows, and the fragments that nodes return, against one registry and one world of choices."""

    def __init__(self, registry: Registry, choices: Mapping[str, Choices], *, strict: bool = False):
        self.registry, self.lookup, self.strict = registry, Lookup(choices), strict
        self._nearest: dict[str, str | None] = {}

    def check(
        self,
        nodes: Mapping[NodeId, Node],
        *,
        requires: Mapping[str, int] | None = None,
        targets: Iterable[NodeId] | None = None,
        outside: Mapping[NodeId, NodeType] | None = None,
    ) -> Checked:
        """Check nodes. With ``outside`` they are a fragment: links may reach those nodes, inputs hold any value,
        and every node counts as a target."""
        return _Check(self, nodes, requires or {}, outside).run(targets)

    def nearest(self, name: str) -> str | None:
        """The known node type whose name looks most like this one."""
        if name not in self._nearest and len(self._nearest) < MOST_COMPARED and len(name) <= LONGEST:
            self._nearest[name] = self.registry.nearest(name)
        return self._nearest.get(name)


class _Check:
    def __init__(
        self,
        checker: Checker,
        nodes: Mapping[NodeId, Node],
        requires: Mapping[str, int],
        outside: Mapping[NodeId, NodeType] | None,
    ):
        self.checker, self.nodes, self.requires, self.outside = checker, nodes, requires, outside
        self.problems: list[Problem] = []
        self.bound: dict[NodeId, Bound] = {}
        self.types: dict[NodeId, NodeType] = {}
        self.faulty: set[NodeId] = set()

    def run(self, targets: Iterable[NodeId] | None) -> Checked:
        get, types = self.checker.registry.get, self.types
        for node_id, node in self.nodes.items():
            node_type = get(node.type)
            if node_type is None:
                self._unknown(node_id, node)
            else:
                types[node_id] = node_type
        rewired = any(node.mode != "run" for node in self.nodes.values())
        self.rewiring = Rewiring(self.nodes, types) if rewired else None
        for node_id, node_type in types.items():
            node = self.nodes[node_id]
            if node.mode == "run":
                self.bound[node_id] = self._bind(node_id, node, node_type)
        wanted = self._targets(targets)
        order, looped = depth_first(self.bound, wanted)
        needed = set(order)
        if not looped and len(needed) < len(self.bound):
            _, looped = depth_first(self.bound, self.bound)
        if looped:
            self._name_cycles()
        return Checked(self.bound, tuple(order), wanted, self._graded(needed))

    def _targets(self, targets: Iterable[NodeId] | None) -> tuple[NodeId, ...]:
        if self.outside is not None:
            return tuple(self.bound)
        if targets is None:
            wanted = tuple(node_id for node_id, bound in self.bound.items() if bound.type.spec.is_target)
            if not wanted and not any(problem.code == "unknown_node" for problem in self.problems):
                self._say("no_targets", "nothing in this workflow saves or shows a result")
            return wanted
        targets = tuple(dict.fromkeys(targets))
        for target in targets:
            if target not in self.nodes:
                self._say("unknown_target", f"there is no node {target!r} to run")
            elif self.nodes[target].mode != "run":
                self._say(
                    "unknown_target",
                    f"the node is switched off ({self.nodes[target].mode}), so it cannot be run",
                    target,
                )
        return tuple(target for target in targets if target in self.bound)

    def _bind(self, node_id: NodeId, node: Node, node_type: NodeType) -> Bound:
        inputs = node.inputs
        spec = node_type.spec
        if self.requires:
            inputs = self._migrated(node_id, node_type, inputs)
        constants: dict[str, Any] = {}
        links: dict[str, Link] = {}
        known = 0
        for declared in spec.inputs:
            name = declared.name
            if declared.growing is not None:
                known += self._grow(node_id, declared, inputs, constants, links)
            elif name in inputs:
                known += 1
                value = inputs[name]
                if type(value) is Link:
                    self._link(node_id, name, declared, value, constants, links)
                elif type(value) is declared.plain and declared.widget is None and value == value and not declared.many:
                    if declared.plain is float:
                        self._literal(node_id, name, declared, value, constants)
                    else:
                        constants[name] = value
                else:
                    self._literal(node_id, name, declared, value, constants)
            elif declared.required:
                self._missing(node_id, name)
            else:
                constants[name] = declared.default
        if known < len(inputs):
            self._unknown_inputs(node_id, node_type, inputs)
        if node_type.validate is not None:
            self._ask(node_id, node_type, constants, links)
        if node_type.remarks is not None:
            for name, sentence in node_type.remarks(dict.fromkeys(links) | constants):
                self._say("remark", sentence, node_id, name, "warning")
        return Bound(node_type, constants, links)

    def _ask(self, node_id: NodeId, node_type: NodeType, constants: dict[str, Any], links: dict[str, Link]) -> None:
        """Let the node type itself judge what is written into it."""
        assert node_type.validate is not None
        sockets = {
            name: source.spec.outputs[link.output].socket
            for name, link in links.items()
            if (source := self.types.get(link.node)) is not None and 0 <= link.output < len(source.spec.outputs)
        }
        try:
            fault = node_type.validate(dict.fromkeys(links) | constants, sockets)
        except Exception as error:  # its author did not think of such values
            fault = f"its own check of its inputs failed: {error or type(error).__name__}"
        if fault:
            self._say("refused_input", fault, node_id)

    def _literal(self, node_id: NodeId, name: str, declared: Input, value: Any, constants: dict[str, Any]) -> None:
        if self.outside is not None and declared.plain is None and (value is None or not _is_json(value)):
            constants[name] = value  # a fragment may hand over what it holds
            return
        if self.outside is not None and declared.unheld and not isinstance(declared.widget, Choice):
            constants[name] = value  # it comes from code, as through a link
            return
        value, remark = settle(value, declared, name, self.checker.lookup)
        if remark is not None:
            self._say(remark.code, remark.message, node_id, name, remark.severity)
            if remark.severity == "error":
                return
        constants[name] = value

    def _link(
        self, node_id: NodeId, name: str, declared: Input, link: Link, constants: dict[str, Any], links: dict[str, Link]
    ) -> None:
        if self.rewiring is not None:
            reached = self.rewiring.follow(link)
            if reached is None:
                if declared.required:
                    self._missing(node_id, name, f"; node {link.node!r}, which it is linked to, is switched off")
                elif declared.growing is None:
                    constants[name] = declared.default
                return
            link = reached
        source = self.types.get(link.node)
        if source is None and self.outside is not None:
            source = self.outside.get(link.node)
        if source is None:
            if link.node not in self.nodes:
                self._say(
                    "dangling_link", f"{name!r} is linked to node {link.node!r}, which is not there", node_id, name
                )
            return
        outputs = source.spec.outputs
        if not 0 <= link.output < len(outputs):
            self._say("bad_output", _no_such_output(name, link, source), node_id, name)
        elif declared.socket != outputs[link.output].socket and not declared.accepts(outputs[link.output]):
            given = outputs[link.output].socket
            message = f"{name!r} takes {declared.socket}, not the {given} of node {link.node!r}"
            self._say("type_mismatch", message, node_id, name)
        links[name] = link  # even a wrong one says what depends on what

    def _grow(
        self,
        node_id: NodeId,
        declared: Input,
        inputs: Mapping[str, Any],
        constants: dict[str, Any],
        links: dict[str, Link],
    ) -> int:
        names = grown_names(declared, inputs)
        if not names and declared.required:
            self._missing(node_id, f"{declared.growing}1")
        for name in names:
            value = inputs[name]
            if type(value) is Link:
                self._link(node_id, name, declared, value, constants, links)
            else:
                self._literal(node_id, name, declared, value, constants)
        return len(names)

    def _migrated(self, node_id: NodeId, node_type: NodeType, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        spec = node_type.spec
        version = self.requires.get(self.nodes[node_id].type, spec.version)
        if version > spec.version:
            message = f"it was written for version {version} of {spec.name!r}; this program has version {spec.version}"
            self._say("later_version", message, node_id, severity="warning")
        if version >= spec.version or node_type.migrate is None:
            return inputs
        try:
            inputs = node_type.migrate(version, inputs)
        except Exception as error:  # a node's author may have missed what old files hold
            self._say("not_migrated", f"its inputs of version {version} cannot be read: {error}", node_id)
            return inputs
        self._say("migrated", f"it was brought from version {version} to {spec.version}", node_id, severity="warning")
        return inputs

    def _unknown(self, node_id: NodeId, node: Node) -> None:
        near = self.checker.nearest(node.type)
        message = f"there is no node called {shown(node.type)}" + (f"; the nearest is {near!r}" if near else "")
        self._say("unknown_node", message, node_id, severity="error" if node.mode == "run" else "warning")

    def _unknown_inputs(self, node_id: NodeId, node_type: NodeType, inputs: Mapping[str, Any]) -> None:
        grown = {name for declared in node_type.growing for name in grown_names(declared, inputs)}
        for name in inputs:
            if name not in node_type.by_name and name not in grown:
                message = f"{node_type.spec.name!r} has no input called {name!r}; it is ignored"
                self._say("unknown_input", message, node_id, name, "warning")

    def _missing(self, node_id: NodeId, name: str, reason: str = "") -> None:
        self._say("missing_input", f"{name!r} needs a value or a link{reason}", node_id, name)

    def _name_cycles(self) -> None:
        for loop in cycles(self.bound):
            shown = [*loop, loop[0]] if len(loop) <= 40 else [*loop[:20], f"{len(loop) - 20} more", loop[0]]
            self._say("cycle", f"these nodes wait for each other: {' → '.join(shown)}", loop[0])

    def _say(
        self, code: str, message: str, node: NodeId | None = None, name: str | None = None, severity: Any = "error"
    ) -> None:
        self.problems.append(Problem(code, message, node, name, severity))

    def _graded(self, needed: set[NodeId]) -> tuple[Problem, ...]:
        """Faults that no target depends on are warnings; a strict check knows no warnings."""
        if self.checker.strict:
            return tuple(replace(problem, severity="error") for problem in self.problems)
        if self.outside is not None:
            return tuple(self.problems)
        needed |= {link.node for node_id in needed for link in _written_links(self.nodes[node_id])}
        return tuple(
            replace(problem, severity="warning") if problem.node is not None and problem.node not in needed else problem
            for problem in self.problems
        )


def grown_names(declared: Input, inputs: Iterable[str]) -> Sequence[str]:
    """The numbered names of a growing input that are used, by number."""
    numbered = re.compile(re.escape(declared.growing or "") + r"(\d+)")
    found = [(int(match[1]), name) for name in inputs if (match := numbered.fullmatch(name))]
    return [name for _, name in sorted(found)]


def _written_links(node: Node) -> Iterable[Link]:
    return (value for value in node.inputs.values() if type(value) is Link)


def _is_json(value: Any) -> bool:
    return isinstance(value, (int, float, str, list, dict))


def _no_such_output(name: str, link: Link, source: NodeType) -> str:
    outputs = source.spec.outputs
    if not outputs:
        return f"{name!r} is linked to {source.spec.name!r} ({link.node}), which has no outputs"
    listed = ", ".join(f"{position} {output.name}" for position, output in enumerate(outputs))
    return f"{name!r} is linked to output {link.output} of {source.spec.name!r} ({link.node}), which has: {listed}"
