"""A public node class as a node type of ours: what it is called with, and what its returns mean."""

import inspect
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

from diffusion.runtime import Runtime
from graph.declare import NodeType, volatile
from graph.reporting import Here, Progress, Surroundings
from graph.values import Artifact, Blocked, Expansion
from graph.workflow import Link, NodeId, read_node
from nodes.comfyui.blocking import ExecutionBlocker
from nodes.comfyui.declaration import Declaration, declare, judged_names
from nodes.comfyui.progress import reporting_to
from nodes.comfyui.prompts import LiveGraph, editor_texts
from nodes.comfyui.public_values import from_public, to_public
from nodes.comfyui.shown import shown
from workflows.document import Document
from workflows.outputs import InputFolder, OutputFolder, PreviewFolder

log = logging.getLogger(__name__)
Sockets = Callable[[str, str], str]
"""The socket of an input of a node type, "" where it is not known."""

RESOURCES = (
    ("runtime_", Runtime),
    ("document_", Document),
    ("progress_", Progress),
    ("here_", Here),
    ("around_", Surroundings),
    ("inputs_", InputFolder),
    ("outputs_", OutputFolder),
    ("previews_", PreviewFolder),
)


def adapt(name: str, kind: type, *, title: str, pack: str, sockets: Sockets = lambda node_type, label: "") -> NodeType:
    """The node type that a class of a pack is. Raises DeclarationError where it breaks the contract.

    ``sockets`` tells what the inputs of other nodes take, for the values that an expansion hands to them.
    """
    declaration = declare(name, kind, title, pack)
    call = _Call(kind, declaration, sockets)
    method = getattr(kind, kind.FUNCTION)  # type: ignore[attr-defined]
    outputs = len(declaration.spec.outputs)
    is_coroutine = inspect.iscoroutinefunction(method)
    return NodeType(
        spec=declaration.spec,
        function=call.run_async if is_coroutine else call.run,
        resources=RESOURCES,
        slots=(*range(outputs), None),
        named=True,
        needs=call.needs if any(declared.lazy for declared in declaration.spec.inputs) else None,
        fingerprint=_fingerprint(kind),
        is_coroutine=is_coroutine,
        validate=_judge(kind),
        is_placed=bool(getattr(kind, "NOT_IDEMPOTENT", False)) or "UNIQUE_ID" in declaration.hidden.values(),
        reads_links=False,
    )


class _Call:
    """Calls a class the way its author expects: one object for each node, tensors and dicts for values."""

    def __init__(self, kind: Any, declaration: Declaration, sockets: Sockets):
        self._kind, self._declaration, self._sockets = kind, declaration, sockets
        self._objects: dict[NodeId, Any] = {}

    def run(self, **arguments: Any) -> Any:
        world, public, origins = self._take(arguments)
        with reporting_to(world["progress_"]):
            returned = getattr(self._object(world["here_"].node), self._kind.FUNCTION)(**public)
        return self._give(returned, world, origins)

    async def run_async(self, **arguments: Any) -> Any:
        world, public, origins = self._take(arguments)
        with reporting_to(world["progress_"]):
            returned = await getattr(self._object(world["here_"].node), self._kind.FUNCTION)(**public)
        return self._give(returned, world, origins)

    def needs(self, inputs: Mapping[str, Any]) -> Any:
        """The lazy inputs that ``check_lazy_status`` asks for; all of them where the class does not say."""
        lazy = [declared.name for declared in self._declaration.spec.inputs if declared.lazy]
        check = getattr(self._kind, "check_lazy_status", None)
        if check is None:
            return lazy
        public = {name: to_public(value, _no_runtime) for name, value in inputs.items()}
        accepted = _accepted(check, dict.fromkeys(lazy) | public)
        return check(self._kind(), **accepted) or ()

    def _object(self, node: NodeId) -> Any:
        """The object that a node of the document keeps from run to run: authors keep things in it."""
        if "/" in node:  # nodes of an expansion come and go with it
            return self._kind()
        if node not in self._objects:
            self._objects[node] = self._kind()
        return self._objects[node]

    def _take(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[int, Any]]:
        """Split what the engine passes; remember which value of ours each public one was made from."""
        world = {name: arguments.pop(name) for name, _ in RESOURCES}
        public: dict[str, Any] = {}
        origins: dict[int, Any] = {}
        links = self._links(world)
        for name, value in arguments.items():
            if name in self._declaration.raw and name in links:
                public[name] = links[name]
            elif value is not None or self._declaration.sections[name] == "required":
                made = [self._public(item, world, origins) for item in value] if isinstance(value, list) else None
                public[name] = self._public(value, world, origins) if made is None else made
        for name, wanted in self._declaration.hidden.items():
            public[name] = _hidden(wanted, world)
        return world, public, origins

    def _public(self, value: Any, world: Mapping[str, Any], origins: dict[int, Any]) -> Any:
        public = to_public(value, lambda: world["runtime_"])
        if public is not value:
            origins[id(public)] = value
        return public

    def _links(self, world: Mapping[str, Any]) -> dict[str, list[Any]]:
        bound = world["around_"].find(world["here_"].node) if self._declaration.raw else None
        return {} if bound is None else {name: [link.node, link.output] for name, link in bound.links.items()}

    def _give(self, returned: Any, world: Mapping[str, Any], origins: Mapping[int, Any]) -> Any:
        """What the class returned, as our engine takes it: one value for each output, then what is to be shown."""
        spec = self._declaration.spec
        ui: Mapping[str, Any] = {}
        result = returned
        if isinstance(returned, Mapping):
            ui, result = returned.get("ui") or {}, returned.get("result", ())
        if result is None:
            result = ()
        if isinstance(result, ExecutionBlocker):
            result = (result,) * len(spec.outputs)
        elif not isinstance(result, (tuple, list)):
            result = (result,)
        if len(result) != len(spec.outputs) and not (ui and not result):
            raise TypeError(f"it should return {len(spec.outputs)} values, not {len(result)}")
        folders = [world["outputs_"], world["previews_"], world["inputs_"]]
        artifacts = shown(ui, folders) if ui else []
        if isinstance(returned, Mapping) and returned.get("expand"):
            return self._expansion(returned["expand"], result, origins, tuple(artifacts))
        values = [
            self._ours(value, output.socket, output.many) for value, output in zip(result, spec.outputs, strict=False)
        ]
        values += [Blocked("it returned nothing for this output")] * (len(spec.outputs) - len(values))
        return (*values, artifacts or None)

    def _ours(self, value: Any, socket: str, many: bool) -> Any:
        if isinstance(value, ExecutionBlocker):
            return Blocked(value.message or "it was blocked on purpose")
        if many and isinstance(value, (list, tuple)):
            return [self._ours(item, socket, False) for item in value]
        return from_public(value, socket)

    def _expansion(
        self, nodes: Mapping[NodeId, Any], result: Any, origins: Mapping[int, Any], artifacts: tuple[Artifact, ...]
    ) -> Expansion:
        fragment = {}
        for node_id, entry in nodes.items():
            node = read_node(entry)
            inputs = {
                label: value if isinstance(value, Link) else self._inner(value, node.type, label, origins)
                for label, value in node.inputs.items()
            }
            fragment[str(node_id)] = type(node)(node.type, inputs, node.title)
        outputs = [
            Link(str(value[0]), int(value[1]))
            if _is_link(value)
            else self._ours(origins.get(id(value), value), output.socket, output.many)
            for value, output in zip(result, self._declaration.spec.outputs, strict=True)
        ]
        return Expansion(fragment, tuple(outputs), artifacts)

    def _inner(self, value: Any, node_type: str, label: str, origins: Mapping[int, Any]) -> Any:
        """A value written into a node of a fragment: ours if we made it, else as that node's input takes it."""
        if id(value) in origins:
            return origins[id(value)]
        return from_public(value, self._sockets(node_type, label))


def _is_link(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int


def _hidden(wanted: str, world: Mapping[str, Any]) -> Any:
    document: Document = world["document_"]
    match wanted:
        case "UNIQUE_ID":
            return world["here_"].node
        case "PROMPT":
            return document.api()
        case "EXTRA_PNGINFO":
            return editor_texts(document)
        case "DYNPROMPT":
            return LiveGraph(document, world["around_"])
    return None  # accounts and keys of services that Patchbay has nothing to do with


def _no_runtime() -> Runtime:
    raise LookupError("a class cannot use models while it is asked which inputs it needs")


def _accepted(function: Callable[..., Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Those inputs that a function has parameters for."""
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return dict(inputs)
    return {name: value for name, value in inputs.items() if name in parameters}


def _fingerprint(kind: Any) -> Callable[[Mapping[str, Any]], str] | None:
    """``IS_CHANGED``: it is told what is written into the node, and None for what is linked. NaN means always."""
    check = getattr(kind, "IS_CHANGED", None)
    if check is None:
        return None

    def fingerprint(inputs: Mapping[str, Any]) -> str:
        try:
            said = check(**_accepted(check, inputs))
        except Exception as error:  # as for "always": it cannot say that nothing has changed
            log.warning("IS_CHANGED of %s failed, so it runs: %s", kind.__name__, error or type(error).__name__)
            return volatile(inputs)
        return volatile(inputs) if isinstance(said, float) and math.isnan(said) else repr(said)

    return fingerprint


def _judge(kind: Any) -> Callable[[Mapping[str, Any], Mapping[str, str]], str] | None:
    """``VALIDATE_INPUTS``: True, or a sentence that says what is wrong."""
    check = getattr(kind, "VALIDATE_INPUTS", None)
    if check is None:
        return None
    names = judged_names(kind)

    def judge(inputs: Mapping[str, Any], sockets: Mapping[str, str]) -> str:
        told = {name: value for name, value in inputs.items() if names is None or name in names}
        if "input_types" in inspect.signature(check).parameters:
            told["input_types"] = dict(sockets)
        verdict = check(**told)
        return "" if verdict is True else str(verdict or "it refused its inputs without a reason")

    return judge
