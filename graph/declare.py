"""Turn a typed Python function into a node type.

The signature is the whole declaration: parameters are inputs, the return annotation is the outputs, the
docstring is the description. The decorated function stays what it was and can be called directly.
"""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from graph.errors import DeclarationError
from graph.spec import (
    ANY,
    PLAIN,
    Choice,
    Input,
    NodeSpec,
    Options,
    Output,
    Range,
    Seed,
    Text,
    Widget,
    kinds_of,
    socket_of,
)
from graph.values import Artifact, Blocked, Expansion

__all__ = [  # all that the author of a node needs
    "Artifact",
    "Blocked",
    "Choice",
    "Expansion",
    "Growing",
    "Lazy",
    "Range",
    "Resource",
    "Seed",
    "Text",
    "Tip",
    "node",
    "volatile",
]

T = TypeVar("T")
Function = TypeVar("Function", bound=Callable[..., Any])


class _Injected: ...


class _Deferred: ...


Resource = Annotated[T, _Injected]
"""A parameter that the engine supplies. Never an input, never part of a key."""

Lazy = Annotated[T, _Deferred]
"""An input that is evaluated only if the node's ``needs`` asks for it; otherwise the function gets its default."""


@dataclass(frozen=True, slots=True)
class Tip:
    """What an editor shows about an input."""

    text: str


@dataclass(frozen=True, slots=True)
class Growing:
    """Marks a ``list[T]`` parameter that is filled from numbered inputs: ``Growing("image_")``."""

    prefix: str


Needs = Callable[[Mapping[str, Any]], Any]
"""From the inputs known so far to the names of the lazy inputs that are wanted; asked again until satisfied."""

Validate = Callable[[Mapping[str, Any], Mapping[str, str]], str]
"""From what is written into a node (None where it is linked) and the sockets of what it is linked to, by the names
of its inputs, to what is wrong with that; "" where nothing is."""

Remarks = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
"""From what is written into a node (None where it is linked) to warnings: the input and the sentence of each."""

Fingerprint = Callable[..., str]
"""``(inputs)`` or ``(inputs, resources)`` to text: something outside the inputs that the outputs depend on."""

Migrate = Callable[[int, Mapping[str, Any]], Mapping[str, Any]]
"""``(version, inputs)`` written for an older version of the node type to the inputs of today."""


def volatile(inputs: Mapping[str, Any]) -> str:
    """The fingerprint of a node that must run every time."""
    return uuid.uuid4().hex


@dataclass(frozen=True, eq=False)
class NodeType:
    """A spec, bound to the function that does the work in this process."""

    spec: NodeSpec
    function: Callable[..., Any]
    resources: tuple[tuple[str, type], ...] = ()
    slots: tuple[int | None, ...] = ()
    """For each value that the function returns: the output that it is, or None for an artifact."""
    named: bool = False
    """Whether the function returns a tuple of values rather than one."""
    needs: Needs | None = None
    fingerprint: Fingerprint | None = None
    migrate: Migrate | None = None
    is_coroutine: bool = False
    validate: Validate | None = None
    remarks: Remarks | None = None
    is_placed: bool = False
    """Whether its outputs depend on which node of the document it is."""
    reads_links: bool = True
    """Whether the fingerprint is told what came through links, or None in its place."""
    lazy: frozenset[str] = field(init=False)
    by_name: Mapping[str, Input] = field(init=False)
    growing: tuple[Input, ...] = field(init=False)
    choices: tuple[Input, ...] = field(init=False)
    _knows_resources: bool = field(init=False)

    def __post_init__(self) -> None:
        inputs = self.spec.inputs
        knows = self.fingerprint is not None and len(inspect.signature(self.fingerprint).parameters) > 1
        for name, value in (
            ("lazy", frozenset(declared.name for declared in inputs if declared.lazy)),
            ("by_name", {declared.name: declared for declared in inputs if declared.growing is None}),
            ("growing", tuple(declared for declared in inputs if declared.growing is not None)),
            ("choices", tuple(declared for declared in inputs if isinstance(declared.widget, Choice))),
            ("_knows_resources", knows),
        ):
            object.__setattr__(self, name, value)

    def take_fingerprint(self, inputs: Mapping[str, Any], resources: Mapping[type, Any]) -> str:
        """The fingerprint for these inputs; "" where the node has none."""
        if self.fingerprint is None:
            return ""
        return self.fingerprint(inputs, resources) if self._knows_resources else self.fingerprint(inputs)

    def split(self, returned: Any) -> tuple[tuple[Any, ...], tuple[Artifact, ...]]:
        """What the function returned, as one value per output, and the artifacts."""
        if isinstance(returned, Blocked):
            return (returned,) * len(self.spec.outputs), ()
        fields = returned if self.named else (returned,) if self.slots else ()
        if not isinstance(fields, tuple) or len(fields) != len(self.slots):
            raise TypeError(f"it should return {len(self.slots)} values, not {returned!r:.80}")
        outputs, artifacts = [], []
        for value, slot in zip(fields, self.slots, strict=True):
            if slot is None:
                artifacts += value if isinstance(value, list) else [] if value is None else [value]
            elif self.spec.outputs[slot].many and not isinstance(value, (list, Blocked)):
                raise TypeError(f"it should return a list for {self.spec.outputs[slot].name!r}, not {value!r:.80}")
            else:
                outputs.append(value)
        return tuple(outputs), tuple(artifacts)


def node(
    name: str,
    *aliases: str,
    category: str = "",
    title: str | None = None,
    version: int = 1,
    needs: Needs | None = None,
    fingerprint: Fingerprint | None = None,
    migrate: Migrate | None = None,
    validate: Validate | None = None,
    remarks: Remarks | None = None,
    target: bool = True,
) -> Callable[[Function], Function]:
    """Declare a function as the node ``name``, also found under its aliases. The function is returned unchanged.

    A node without outputs, or with artifacts, is what a workflow is run for, unless ``target`` is False.
    """

    def declare(function: Function) -> Function:
        hints = get_type_hints(function, include_extras=True)
        inputs, resources = _read_parameters(name, function, hints)
        if "return" not in hints:
            raise DeclarationError(f"{name}: the return type is missing")
        outputs, slots, named = _read_return(name, hints["return"])
        if any(declared.lazy for declared in inputs) and needs is None:
            raise DeclarationError(f"{name}: it has lazy inputs but no `needs` that asks for them")
        spec = NodeSpec(
            name=name,
            title=title or name,
            category=category,
            description=inspect.getdoc(function) or "",
            inputs=inputs,
            outputs=outputs,
            is_target=target and (not outputs or None in slots),
            version=version,
            aliases=aliases,
        )
        coroutine = inspect.iscoroutinefunction(function)
        function.node_type = NodeType(  # type: ignore[attr-defined]
            spec, function, resources, slots, named, needs, fingerprint, migrate, coroutine, validate, remarks
        )
        return function

    return declare


def _read_parameters(
    name: str, function: Callable[..., Any], hints: Mapping[str, Any]
) -> tuple[tuple[Input, ...], tuple[tuple[str, type], ...]]:
    inputs, resources = [], []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise DeclarationError(f"{name}: parameter {parameter.name!r} must be an ordinary named one")
        if parameter.name not in hints:
            raise DeclarationError(f"{name}: parameter {parameter.name!r} has no type")
        kind, marks, optional = _unwrap(hints[parameter.name])
        if _Injected in marks:
            resources.append((parameter.name, kind))
        else:
            inputs.append(_read_input(name, parameter, kind, marks, optional))
    return tuple(inputs), tuple(resources)


def _read_input(name: str, parameter: inspect.Parameter, kind: Any, marks: tuple[Any, ...], optional: bool) -> Input:
    where = f"{name}: parameter {parameter.name!r}"
    growing = next((mark.prefix for mark in marks if isinstance(mark, Growing)), None)
    many = get_origin(kind) is list
    if many:
        kind, inner, _ = _unwrap(get_args(kind)[0])
        marks += inner
    elif growing is not None:
        raise DeclarationError(f"{where} grows, so it must be a list[…]")
    widget = next((mark for mark in marks if isinstance(mark, Widget)), None)
    if get_origin(kind) is Literal:
        widget, kind = Options(get_args(kind)), type(get_args(kind)[0])
    if isinstance(widget, (Range, Seed)) and kind not in (int, float):
        raise DeclarationError(f"{where} has bounds but is no number")
    if isinstance(widget, (Choice, Text)) and kind is not str:
        raise DeclarationError(f"{where} is a choice or text but no str")
    socket = ",".join(socket_of(member) for member in _classes(where, kind))
    required = parameter.default is parameter.empty
    default = None if required else parameter.default
    if socket not in PLAIN and socket != ANY and default is not None:
        raise DeclarationError(f"{where} is a link; its default can only be None")
    if default is None and not required and not optional:
        raise DeclarationError(f"{where} may be None, so its type must say `| None`")
    if socket == "FLOAT" and type(default) is int:
        default = float(default)
    return Input(
        name=parameter.name,
        socket=socket,
        required=required,
        default=default,
        widget=widget,
        lazy=_Deferred in marks,
        many=many and growing is None,
        growing=growing,
        tip=next((mark.text for mark in marks if isinstance(mark, Tip)), ""),
    )


def _classes(where: str, kind: Any) -> list[type]:
    """The classes of a type: one, or those of a union; ``Any`` is ``object``."""
    members = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    classes = [object if member is Any else get_origin(member) or member for member in members]
    if not all(isinstance(member, type) for member in classes):
        raise DeclarationError(f"{where} has a type that no socket can have: {kind!r}")
    return classes


def _read_return(name: str, annotation: Any) -> tuple[tuple[Output, ...], tuple[int | None, ...], bool]:
    kind, _, _ = _unwrap(annotation)
    if kind is NoneType:
        return (), (), False
    named = hasattr(kind, "_fields")  # a NamedTuple names its outputs
    fields = get_type_hints(kind, include_extras=True) if named else {"": kind}
    outputs: list[Output] = []
    slots: list[int | None] = []
    for label, hint in fields.items():
        field_kind, _, _ = _unwrap(hint)
        many = get_origin(field_kind) is list
        if many:
            field_kind, _, _ = _unwrap(get_args(field_kind)[0])
        classes = _classes(f"{name}: output {label!r}", field_kind)
        if any(issubclass(member, Artifact) for member in classes):
            slots.append(None)
            continue
        socket = ",".join(socket_of(member) for member in classes)
        kinds = tuple(dict.fromkeys(kind for member in classes for kind in kinds_of(member)))
        slots.append(len(outputs))
        outputs.append(Output(label or socket, socket, many, kinds))
    return tuple(outputs), tuple(slots), named


def _unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """The type inside Annotated and ``| None``, the marks found on the way, and whether None is allowed.

    A node may say that it returns ``| Expansion`` or ``| Blocked``; that is no type of the output.
    """
    marks: tuple[Any, ...] = ()
    optional = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *found = get_args(annotation)
            marks += tuple(found)
        elif get_origin(annotation) in (Union, UnionType):
            members = get_args(annotation)
            kept = [member for member in members if member not in (NoneType, Expansion, Blocked)]
            optional = optional or NoneType in members
            if len(kept) == len(members) or not kept:
                return annotation, marks, optional
            annotation = kept[0] if len(kept) == 1 else Union[tuple(kept)]  # noqa: UP007
        else:
            return annotation, marks, optional
