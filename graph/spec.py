"""What a node type looks like from outside: pure data, no function, nothing heavy.

A spec can be sent to another process as JSON and a workflow checked against it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SEED_LIMIT = 2**64 - 1
ANY = "*"


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number, both included. ``step`` is a hint for editors and rounds nothing."""

    low: float
    high: float
    step: float | None = None


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed, 0 to 2^64 − 1, which an editor may change after each run."""


@dataclass(frozen=True, slots=True)
class Text:
    """Free text."""

    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One name of a source that is listed on demand, never while importing."""

    source: str


@dataclass(frozen=True, slots=True)
class Options:
    """One of a few fixed values: what ``Literal[…]`` declares."""

    values: tuple[str | int | float, ...]


Widget = Range | Seed | Text | Choice | Options
WIDGETS: Mapping[str, type] = {kind.__name__: kind for kind in (Range, Seed, Text, Choice, Options)}
PLAIN: Mapping[str, type] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}
"""Sockets whose values can be written into a document."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input: a link, or a widget that may be linked.

    ``many`` gathers a whole list; ``growing`` is the prefix of numbered inputs (``image_`` for ``image_1`` …)
    that reach the function as one list. ``free`` leaves it to the node to judge what is written or comes in: bounds and
    lists are for editors alone. ``unheld`` holds what is written to them, and only remarks upon what comes in.
    """

    name: str
    socket: str
    required: bool = True
    default: Any = None
    widget: Widget | None = None
    lazy: bool = False
    many: bool = False
    growing: str | None = None
    tip: str = ""
    free: bool = False
    unheld: bool = False
    sockets: frozenset[str] = field(init=False, repr=False, compare=False)
    plain: type | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sockets", frozenset(self.socket.split(",")))
        object.__setattr__(self, "plain", PLAIN.get(self.socket))

    def accepts(self, output: Output) -> bool:
        """An input takes its own type, any subclass of it, and an int where a float will do."""
        if self.socket == output.socket or self.socket == ANY or output.socket == ANY:
            return True
        return not self.sockets.isdisjoint(output.kinds) or ("FLOAT" in self.sockets and output.socket == "INT")


@dataclass(frozen=True, slots=True)
class Output:
    """One output. ``kinds`` are the socket names of its class and of all classes above it."""

    name: str
    socket: str
    many: bool = False
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A kind of node: what it is called, what goes in, what comes out."""

    name: str
    title: str
    category: str
    description: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    is_target: bool
    version: int = 1
    aliases: tuple[str, ...] = ()
    public: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What the public definition of a foreign class says and nothing here has a place for, as JSON."""


def socket_of(kind: type) -> str:
    """The name under which a class travels between nodes: its ``socket``, or a plain type's public name."""
    if kind is object:
        return ANY
    if kind is bool:
        return "BOOLEAN"
    public = next((name for name, plain in PLAIN.items() if plain is kind), None)
    return public or kind.__dict__.get("socket") or kind.__name__.upper()


def kinds_of(kind: type) -> tuple[str, ...]:
    """Socket names of a class and its ancestors, nearest first; ``bool`` is no kind of ``int`` here."""
    if kind is object or kind is bool:
        return (socket_of(kind),)
    return tuple(dict.fromkeys(socket_of(ancestor) for ancestor in kind.__mro__ if ancestor is not object))


def spec_to_json(spec: NodeSpec) -> dict[str, Any]:
    """A spec as JSON values; `spec_from_json` reads it back."""
    document = asdict(spec)
    for declared, entry in zip(spec.inputs, document["inputs"], strict=True):
        del entry["sockets"], entry["plain"]
        if declared.widget is not None:
            entry["widget"] = {"kind": type(declared.widget).__name__} | asdict(declared.widget)
    return document


def spec_from_json(document: Mapping[str, Any]) -> NodeSpec:
    """Read what `spec_to_json` wrote."""
    return NodeSpec(
        **{
            **document,
            "inputs": tuple(Input(**{**entry, "widget": _widget(entry["widget"])}) for entry in document["inputs"]),
            "outputs": tuple(Output(**{**entry, "kinds": tuple(entry["kinds"])}) for entry in document["outputs"]),
            "aliases": tuple(document["aliases"]),
        }
    )


def _widget(document: Mapping[str, Any] | None) -> Widget | None:
    if document is None:
        return None
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}
    kind = WIDGETS[document["kind"]]
    del fields["kind"]
    return kind(**fields)
