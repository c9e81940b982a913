"""What parameters and bodies of requests may hold. One declaration reads them and describes them in OpenAPI."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from graph.choices import no_such_choice
from graph.literals import shown
from server.refusals import bad_request

LONGEST_TEXT = 1000


class Kind(Protocol):
    """What one value may be."""

    def schema(self) -> dict[str, Any]:
        """JSON Schema of it."""

    def read(self, value: Any, where: str) -> Any:
        """A JSON value as what it means. Raises Refused, naming ``where`` it stands."""


@dataclass(frozen=True)
class Text:
    """A text without control characters other than line breaks and tabs."""

    longest: int = LONGEST_TEXT
    shortest: int = 0
    pattern: str = ""

    def schema(self) -> dict[str, Any]:
        pattern = f"^(?:{self.pattern})$" if self.pattern else PLAIN
        return {"type": "string", "minLength": self.shortest, "maxLength": self.longest, "pattern": pattern}

    def read(self, value: Any, where: str) -> str:
        if not isinstance(value, str):
            raise bad_request(f"{where} must be text, not {shown(value)}")
        if not self.shortest <= len(value) <= self.longest:
            raise bad_request(f"{where} must have {self.shortest} to {self.longest} characters; it has {len(value)}")
        if CONTROL.search(value):
            raise bad_request(f"{where} holds a control character or half of a character; write it again")
        if self.pattern and re.fullmatch(self.pattern, value) is None:
            raise bad_request(f"{where} must look like {self.pattern}, not {shown(value)}")
        return value


CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
PLAIN = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$"
"""The same for readers of the schema: JSON cannot carry half of a character to them."""


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds."""

    low: int
    high: int

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def read(self, value: Any, where: str) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or not self.low <= value <= self.high:
            raise bad_request(f"{where} must be a whole number from {self.low} to {self.high}, not {shown(value)}")
        return value


@dataclass(frozen=True)
class Number:
    """A finite number within bounds."""

    low: float
    high: float

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def read(self, value: Any, where: str) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high or math.isnan(value):
            raise bad_request(f"{where} must be a number from {self.low:g} to {self.high:g}, not {shown(value)}")
        return float(value)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def read(self, value: Any, where: str) -> bool:
        if not isinstance(value, bool):
            raise bad_request(f"{where} must be true or false, not {shown(value)}")
        return value


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}

    def read(self, value: Any, where: str) -> str:
        if value not in self.words:
            raise bad_request(f"{where}: {no_such_choice(value, self.words)}")
        return str(value)


@dataclass(frozen=True)
class ListOf:
    """Several values of one kind."""

    kind: Kind
    longest: int = 10_000
    shortest: int = 0

    def schema(self) -> dict[str, Any]:
        sizes = {"minItems": self.shortest, "maxItems": self.longest}
        return {"type": "array", "items": self.kind.schema()} | sizes

    def read(self, value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise bad_request(f"{where} must be a list, not {shown(value)}")
        if not self.shortest <= len(value) <= self.longest:
            raise bad_request(f"{where} has {len(value)} entries; it takes {self.shortest} to {self.longest}")
        return [self.kind.read(item, f"{where}[{position}]") for position, item in enumerate(value)]


@dataclass(frozen=True)
class Anything:
    """An object whose members are read elsewhere: a document, values by name."""

    about: str = ""

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": True} | ({"description": self.about} if self.about else {})

    def read(self, value: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise bad_request(f"{where} must be a JSON object, not {shown(value)}")
        return value


@dataclass(frozen=True)
class Either:
    """The first kind that takes the value."""

    kinds: tuple[Kind, ...]

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in self.kinds]}

    def read(self, value: Any, where: str) -> Any:
        for kind in self.kinds[:-1]:
            if _is(kind, value):
                return kind.read(value, where)
        return self.kinds[-1].read(value, where)


@dataclass(frozen=True)
class Member:
    """A named value: a member of a body, a parameter of a query or a path, a header."""

    name: str
    kind: Kind
    about: str = ""
    required: bool = False
    default: Any = None


@dataclass(frozen=True)
class Members:
    """An object with these members and no others."""

    members: tuple[Member, ...]

    def schema(self) -> dict[str, Any]:
        described = {
            member.name: member.kind.schema() | ({"description": member.about} if member.about else {})
            for member in self.members
        }
        required = [member.name for member in self.members if member.required]
        closed: dict[str, Any] = {"type": "object", "properties": described, "additionalProperties": False}
        return closed | ({"required": required} if required else {})

    def read(self, value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise bad_request(f"{where} must be a JSON object, not {shown(value)}")
        known = [member.name for member in self.members]
        for name in value:
            if name not in known:
                takes = f"it takes {', '.join(known)}" if known else "it takes nothing"
                raise bad_request(f"{where} has a member {shown(name)} that means nothing here; {takes}")
        found = {}
        for member in self.members:
            if member.name in value:
                found[member.name] = member.kind.read(value[member.name], f"{member.name!r}")
            elif member.required:
                raise bad_request(f"{where} needs {member.name!r}: {member.about}")
            else:
                found[member.name] = member.default
        return found


def parse(kind: Kind, text: str, where: str) -> Any:
    """A value of a query, a path or a header, which are all text. Raises Refused."""
    if isinstance(kind, Flag):
        spelled = {"1": True, "true": True, "": True, "0": False, "false": False}.get(text.lower())
        if spelled is None:
            raise bad_request(f"{where} must be true or false, not {shown(text)}")
        return spelled
    if isinstance(kind, (Whole, Number)):
        try:
            return kind.read(json.loads(text), where)
        except (ValueError, RecursionError):
            return kind.read(text, where)
    if isinstance(kind, ListOf):
        return kind.read(text.split(","), where)
    return kind.read(text, where)


def _is(kind: Kind, value: Any) -> bool:
    types = {"string": str, "array": list, "object": dict, "boolean": bool}
    return isinstance(value, types.get(kind.schema()["type"], (int, float)))
