"""What outputs weigh in memory."""

from __future__ import annotations

from typing import Any

from graph.codec import Codecs

_SCALARS = frozenset((int, float, bool, type(None)))
_SCALAR = 32  # bytes, about


def weigh(values: Any, codecs: Codecs) -> int:
    """Bytes of a value, or of all values in a tuple or list."""
    kind = type(values)
    if kind in _SCALARS:
        return _SCALAR
    if kind is str:
        return _SCALAR + len(values)
    if kind is tuple or kind is list:
        return sum(weigh(value, codecs) for value in values)
    return codecs.size(values)
