"""Values written into a workflow, held against what an input declares.

Public files carry ``"64"`` where an int belongs. Such a value is taken as what it plainly means and reported;
what has no plain meaning is refused.
"""

from __future__ import annotations

import math
import reprlib
from typing import Any, NamedTuple

from graph.choices import Lookup, no_such_choice
from graph.errors import Severity
from graph.spec import ANY, SEED_LIMIT, Choice, Input, Options, Range, Seed


class Remark(NamedTuple):
    """What is to be said about a literal."""

    code: str
    message: str
    severity: Severity = "error"


CALLED = {int: "an integer", float: "a number", str: "text", bool: "true or false"}


def settle(value: Any, declared: Input, name: str, lookup: Lookup) -> tuple[Any, Remark | None]:
    """The value that the node will get, and a remark if it is not simply the one that was written."""
    if value is None and not declared.required and declared.default is None:
        return None, None
    if declared.many or (declared.growing is not None and isinstance(value, list)):
        return _settle_list(value, declared, name, lookup)
    if declared.plain is None and declared.socket != ANY:
        return None, Remark("needs_link", f"{name!r} must be linked to {declared.socket}, not {shown(value)}")
    return _settle_one(value, declared, name, lookup)


def _settle_list(value: Any, declared: Input, name: str, lookup: Lookup) -> tuple[Any, Remark | None]:
    if declared.plain is None and declared.socket != ANY:
        return None, Remark("needs_link", f"{name!r} must be linked to {declared.socket}, not {shown(value)}")
    if not isinstance(value, (list, tuple)):
        value = [value]
    settled = [_settle_one(item, declared, name, lookup) for item in value]
    remarks = [remark for _, remark in settled if remark]
    worst = next((remark for remark in remarks if remark.severity == "error"), remarks[0] if remarks else None)
    return [item for item, _ in settled], worst


def _settle_one(value: Any, declared: Input, name: str, lookup: Lookup) -> tuple[Any, Remark | None]:
    remark = None
    if isinstance(declared.widget, Options) and not declared.free:
        return _settle_option(value, declared.widget, name)
    plain = declared.plain
    if plain is not None and type(value) is not plain:
        if plain is float and type(value) is int:
            value = _to_float(value)
        else:
            meant = _meaning(value, plain)
            if meant is None:
                return None, Remark("wrong_type", f"{name!r} must be {CALLED[plain]}, not {shown(value)}")
            remark = Remark(
                "wrong_type", f"{name!r} must be {CALLED[plain]}; {shown(value)} was taken as {shown(meant)}", "warning"
            )
            value = meant
    if not is_finite(value):
        return None, Remark("not_finite", f"{name!r} must be a finite number, not {shown(value)}")
    widget = None if declared.free else declared.widget
    if widget is None:
        return value, remark
    if isinstance(widget, Range) and not widget.low <= value <= widget.high:
        return None, Remark(
            "out_of_range", f"{name!r} must be between {widget.low:,g} and {widget.high:,g}, not {shown(value)}"
        )
    if isinstance(widget, Seed) and not 0 <= value <= SEED_LIMIT:
        return None, Remark("out_of_range", f"{name!r} must be between 0 and 2^64 − 1, not {shown(value)}")
    if isinstance(widget, Choice):
        found = lookup.find(widget.source, value)
        if found.name is None:
            return None, Remark(found.code, f"{name!r}: {found.message}")
        if found.code:
            return found.name, Remark(found.code, f"{name!r}: {found.message}", "warning")
    return value, remark


def _settle_option(value: Any, widget: Options, name: str) -> tuple[Any, Remark | None]:
    for option in widget.values:
        if type(option) is type(value) and option == value:
            return value, None
    return None, Remark("unknown_choice", f"{name!r}: {no_such_choice(value, widget.values)}")


def _meaning(value: Any, plain: type) -> Any:
    """What a value of another type plainly means as ``plain``; None if nothing."""
    try:
        if plain is bool:
            if isinstance(value, str):
                return {"true": True, "false": False}.get(value.strip().lower())
            return bool(value) if value in (0, 1) and isinstance(value, (int, float)) else None
        if plain is str:
            return str(value) if isinstance(value, (int, float)) else None
        if not isinstance(value, (int, float, str)):
            return None
        if plain is float:
            return _to_float(value)
        return int(value)
    except (ValueError, OverflowError):
        return None


def _to_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf  # refused as not finite


def is_finite(value: Any) -> bool:
    """Whether no NaN and no infinity is anywhere in a literal."""
    if type(value) is float:
        return math.isfinite(value)
    if not isinstance(value, (list, tuple, dict)):
        return True
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            waiting += inner.values()
        elif isinstance(inner, (list, tuple)):
            waiting += inner
        elif isinstance(inner, float) and not math.isfinite(inner):
            return False
    return True


def shown(value: Any) -> str:
    """A value as a sentence can show it: never long, however large or deep it is."""
    return _short.repr(value)


_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 60
