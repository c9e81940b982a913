"""Public node classes as specs: ``INPUT_TYPES``, ``RETURN_TYPES`` and the rest, read once.

INPUT_TYPES() = {"required": {name: (TYPE, options)}, "optional": {…}, "hidden": {name: "UNIQUE_ID" | …}}
TYPE is a socket's name, names joined by commas, "*", "COMBO", or a list of choices
"""

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.errors import DeclarationError
from graph.spec import ANY, PLAIN, SEED_LIMIT, Choice, Input, NodeSpec, Options, Output, Range, Seed, Text, Widget

HIDDEN = frozenset({"UNIQUE_ID", "PROMPT", "EXTRA_PNGINFO", "DYNPROMPT", "AUTH_TOKEN_COMFY_ORG", "API_KEY_COMFY_ORG"})
"""What the engine fills by itself; whatever else is hidden is an input that editors do not draw."""
MARKS = ("DEPRECATED", "EXPERIMENTAL", "API_NODE", "DEV_ONLY")
SEEDS = frozenset({"seed", "noise_seed"})
UNBOUNDED = {"INT": float(2**63), "FLOAT": float(2**127)}


class FileNames(list[str]):
    """Names of the files of one kind, which remember that they are: the drop-down stays up to date."""

    def __init__(self, kind: str, names: Sequence[str]):
        super().__init__(names)
        self.kind = kind


@dataclass(frozen=True)
class Declaration:
    """A spec, and what its inputs need beside it when the class is called."""

    spec: NodeSpec
    sections: Mapping[str, str]
    """For each input, "required", "optional" or "hidden"."""
    hidden: Mapping[str, str]
    """Names of arguments that the engine fills, with what they are filled with."""
    raw: frozenset[str]
    """Inputs that are given the link itself."""


def declare(name: str, kind: type, title: str, pack: str) -> Declaration:
    """Read a class. Raises DeclarationError with a sentence where it does not follow the contract."""
    types = _input_types(name, kind)
    judged = judged_names(kind)
    inputs, sections, raw = [], {}, set()
    told: dict[str, Any] = {}
    hidden: dict[str, str] = {}
    for section in ("required", "optional", "hidden"):
        for label, entry in _entries(name, types.get(section), section):
            if section == "hidden" and (isinstance(entry, str) or str(_first(entry)) in HIDDEN):
                hidden[label] = str(_first(entry))
                continue
            written, options = _entry(name, label, entry)
            free = (
                judged is None or label in judged or (isinstance(written, str) and written not in PLAIN)
            )  # only its author knows what such are
            many = bool(getattr(kind, "INPUT_IS_LIST", False))
            inputs.append(_input(label, written, options, section == "required", many=many, free=free))
            sections[label] = section
            told[label] = {key: value for key, value in options.items() if key != "options" and _is_json(value)}
            if options.get("rawLink"):
                raw.add(label)
    outputs = tuple(_outputs(name, kind))
    spec = NodeSpec(
        name=name,
        title=title,
        category=str(getattr(kind, "CATEGORY", "") or pack),
        description=_description(kind),
        inputs=tuple(inputs),
        outputs=outputs,
        is_target=bool(getattr(kind, "OUTPUT_NODE", False)),
        public=_public(kind, pack, sections, told, hidden),
    )
    return Declaration(spec, sections, hidden, frozenset(raw))


def judged_names(kind: type) -> frozenset[str] | None:
    """The inputs that the class judges itself in ``VALIDATE_INPUTS``; None for all of them."""
    judge = getattr(kind, "VALIDATE_INPUTS", None)
    if judge is None:
        return frozenset()
    parameters = inspect.signature(judge).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return None
    return frozenset(parameters)


def _public(
    kind: type, pack: str, sections: Mapping[str, str], told: Mapping[str, Any], hidden: Mapping[str, str]
) -> dict[str, Any]:
    """What other front ends are told of a class beside its spec."""
    found: dict[str, Any] = {
        "python_module": f"custom_nodes.{pack}",
        "sections": dict(sections),
        "options": {label: options for label, options in told.items() if options},
    }
    marks = {mark.lower(): True for mark in MARKS if getattr(kind, mark, False)}
    aliases = getattr(kind, "SEARCH_ALIASES", None)
    more = {
        "output_tooltips": [str(tip) for tip in getattr(kind, "OUTPUT_TOOLTIPS", None) or ()],
        "search_aliases": [str(alias) for alias in aliases] if isinstance(aliases, (list, tuple)) else [],
        "hidden": dict(hidden),
    }
    return found | marks | {name: value for name, value in more.items() if value}


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _input_types(name: str, kind: type) -> Mapping[str, Any]:
    for attribute in ("INPUT_TYPES", "RETURN_TYPES", "FUNCTION"):
        if not hasattr(kind, attribute):
            raise DeclarationError(f"{name}: the class has no {attribute}")
    if not callable(getattr(kind, str(kind.FUNCTION), None)):  # type: ignore[attr-defined]
        raise DeclarationError(f"{name}: FUNCTION names {kind.FUNCTION!r}, which is no method")  # type: ignore[attr-defined]
    try:
        types = kind.INPUT_TYPES()  # type: ignore[attr-defined]
    except Exception as error:
        raise DeclarationError(f"{name}: INPUT_TYPES failed: {error or type(error).__name__}") from error
    if not isinstance(types, Mapping):
        raise DeclarationError(f"{name}: INPUT_TYPES must return a dict of dicts")
    return types


def _entries(name: str, section: Any, label: str) -> Iterator[tuple[str, Any]]:
    if section is None:
        return
    if not isinstance(section, Mapping):
        raise DeclarationError(f"{name}: INPUT_TYPES must return a dict of dicts; {label!r} is none")
    yield from section.items()


def _first(entry: Any) -> Any:
    return entry[0] if isinstance(entry, (tuple, list)) and entry else entry


def _entry(name: str, label: str, entry: Any) -> tuple[Any, Mapping[str, Any]]:
    """The type of an input and its options."""
    if not isinstance(entry, (tuple, list)) or not entry:
        raise DeclarationError(f"{name}: input {label!r} must be a tuple (TYPE, options)")
    options = entry[1] if len(entry) > 1 and isinstance(entry[1], Mapping) else {}
    kind = entry[0]
    if kind == "COMBO":
        kind = options.get("options", [])
    if not isinstance(kind, (str, list, tuple)):
        raise DeclarationError(f"{name}: input {label!r} has a type that no socket can have: {kind!r}")
    return kind, options


def _input(label: str, kind: Any, options: Mapping[str, Any], required: bool, *, many: bool, free: bool) -> Input:
    widget = _widget(label, kind, options)
    socket = kind if isinstance(kind, str) else _option_socket(kind)
    default = options.get("default")
    if default is None and not isinstance(kind, str) and kind and not options.get("image_upload"):
        default = kind[0]
    if many and default is not None and not isinstance(default, list):
        default = [default]
    if socket == "FLOAT" and type(default) is int:
        default = float(default)
    return Input(
        name=label,
        socket=socket,
        required=required and (default is None or bool(options.get("forceInput"))),
        default=default,
        widget=widget,
        lazy=bool(options.get("lazy")),
        many=many,
        tip=str(options.get("tooltip") or ""),
        free=free,
        unheld=True,
    )


def _widget(label: str, kind: Any, options: Mapping[str, Any]) -> Widget | None:
    if isinstance(kind, FileNames):
        return Choice(kind.kind)
    if not isinstance(kind, str):  # what can be uploaded is listed anew each time
        return Choice("images") if options.get("image_upload") else Options(tuple(kind))
    if kind == "STRING":
        return Text(bool(options.get("multiline")))
    if kind not in UNBOUNDED:
        return None
    high = options.get("max", UNBOUNDED[kind])
    seedlike = bool(options.get("control_after_generate")) or label in SEEDS
    if kind == "INT" and seedlike and options.get("min", 0) == 0 and high >= SEED_LIMIT >> 1:
        return Seed()
    return Range(options.get("min", -UNBOUNDED[kind]), high, options.get("step"))


def _option_socket(options: Sequence[Any]) -> str:
    """Choices travel as what they are; lists of several kinds of things as anything."""
    kinds = {type(option) for option in options}
    known: Mapping[type, str] = {str: "STRING", int: "INT", float: "FLOAT", bool: "BOOLEAN"}
    return known.get(kinds.pop(), ANY) if len(kinds) == 1 else "STRING" if not kinds else ANY


def _outputs(name: str, kind: Any) -> Iterator[Output]:
    types = kind.RETURN_TYPES
    if isinstance(types, str) or not isinstance(types, (tuple, list)):
        raise DeclarationError(f"{name}: RETURN_TYPES must be a tuple of names")
    names = getattr(kind, "RETURN_NAMES", None) or ()
    listed = getattr(kind, "OUTPUT_IS_LIST", None) or ()
    for place, written in enumerate(types):
        socket = written if isinstance(written, str) else _option_socket(written)
        label = str(names[place]) if place < len(names) else socket
        many = bool(listed[place]) if place < len(listed) else False
        yield Output(label, socket, many, tuple(socket.split(",")))


def _description(kind: Any) -> str:
    said = str(getattr(kind, "DESCRIPTION", "") or inspect.getdoc(kind) or "")
    marks = [mark.lower() for mark in ("DEPRECATED", "EXPERIMENTAL") if getattr(kind, mark, False)]
    return "\n\n".join([*(f"This node is {mark}." for mark in marks), said]).strip()
