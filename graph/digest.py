"""Digests of values: equal text for equal values. The engine digests plain values itself, codecs do the rest."""

from __future__ import annotations

import itertools
import math
import uuid
from hashlib import blake2b
from typing import Any

from graph.codec import Codecs

_LONGEST = 64  # characters of a digest that is the value itself
_SCALARS = frozenset((int, str, bool, type(None)))
_unequal = (f"nan:{uuid.uuid4().hex}:{count}" for count in itertools.count())


def hash_text(text: str) -> str:
    """A short digest of any text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Digester:
    """Digests values of every kind. Types are told apart: 1, 1.0, True and "1" are four values; NaN equals nothing."""

    def __init__(self, codecs: Codecs):
        self._codecs = codecs

    def digest(self, value: Any) -> str | None:
        """The digest, or None where only the value's origin can stand for it."""
        kind = type(value)
        if kind in _SCALARS:
            text = repr(value)
        elif kind is float:
            text = repr(value) if not math.isnan(value) else next(_unequal)
        elif kind in (list, tuple, dict):
            nested = self._nested(value)
            if nested is None:
                return None
            text = nested
        else:
            digest = self._codecs.digest(value)
            return None if digest is None else f"#{digest}"
        return text if len(text) <= _LONGEST else f"~{hash_text(text)}"

    def _nested(self, value: Any) -> str | None:
        """Canonical text of lists, tuples and mappings, however deep."""
        parts: list[str] = []
        waiting: list[tuple[bool, Any]] = [(False, value)]  # (is text, value)
        while waiting:
            is_text, inner = waiting.pop()
            kind = type(inner)
            if is_text:
                parts.append(inner)
            elif kind is list or kind is tuple:
                opening, closing = ("[", "]") if kind is list else ("(", ")")
                parts.append(opening)
                waiting.append((True, closing))
                for item in reversed(inner):
                    waiting += ((True, ","), (False, item))
            elif kind is dict:
                parts.append("{")
                waiting.append((True, "}"))
                for name in sorted(inner, key=repr, reverse=True):
                    waiting += ((True, ","), (False, inner[name]), (True, ":"), (False, name))
            else:
                digest = self.digest(inner)
                if digest is None:
                    return None
                parts.append(digest)
        return "".join(parts)
