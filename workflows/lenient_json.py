"""JSON as people's files really are: byte order marks, UTF-16, bare NaN, repeated keys."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

DEEPEST = 200  # levels: far more than any workflow has, far fewer than would trouble code that walks them


class NotJson(ValueError):
    """The text is not JSON. The message says where it stops being it."""


class Repeating(dict[str, Any]):
    """An object in which a key was written more than once; the last value holds, as everywhere else."""

    repeated: tuple[str, ...] = ()


def read_json(source: bytes | str) -> Any:
    """Parse JSON; whole numbers keep every digit, NaN and infinities become floats. Raises NotJson."""
    try:
        text = source.decode(json.detect_encoding(source)) if isinstance(source, bytes) else source
        value = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise NotJson(f"this is not text: byte {error.start} is no part of a character") from error
    except json.JSONDecodeError as error:
        raise NotJson(
            f"this is not JSON: {error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise NotJson("this JSON is nested too deeply") from error
    except ValueError as error:  # Python refuses to read whole numbers of more than some thousand digits
        raise NotJson("a number in this JSON has too many digits") from error
    if _is_deeper_than(DEEPEST, value):
        raise NotJson("this JSON is nested too deeply")
    return value


def is_finite(value: Any) -> bool:
    """Whether no NaN and no infinity hides anywhere inside a JSON value."""
    stack = [value]
    while stack:
        match stack.pop():
            case float() as number if not math.isfinite(number):
                return False
            case list() | tuple() as items:
                stack += items
            case Mapping() as members:
                stack += members.values()
    return True


def without_nan(value: Any) -> Any:
    """The same JSON value with null where a NaN or an infinity was: what strict readers of the file can take."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case list() | tuple():
            return [without_nan(item) for item in value]
        case Mapping():
            return {str(key): without_nan(item) for key, item in value.items()}
    return value


def write_json(value: Any, *, indent: int | None = None) -> str:
    """JSON in ASCII (so that every metadata reader takes it), strict: no NaN."""
    if not is_finite(value):
        value = without_nan(value)
    return json.dumps(value, ensure_ascii=True, indent=indent, allow_nan=False)


def repeated_keys(value: Any) -> Iterator[str]:
    """Keys that were written more than once in the same object, directly in this value."""
    if isinstance(value, Repeating):
        yield from value.repeated


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    repeating = Repeating(members)
    repeating.repeated = tuple(dict.fromkeys(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return repeating


def _is_deeper_than(levels: int, value: Any) -> bool:
    """Level by level, so that no depth can overflow the stack."""
    level = [value]
    for _ in range(levels):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True
