"""Weights in a prompt, by the ecosystem's rules: ``(cat)`` is 1.1, ``(cat:1.3)`` is 1.3. Pure text.

Groups nest: ``((cat))`` is 1.21, while a weight that is written out replaces what the groups around it would give.
``\\(`` and ``\\)`` are letters; brackets and braces are letters too. A group opens at a parenthesis on the outermost
level and ends where that level is reached again, so a parenthesis that is never closed is a letter, and one closed
too often is a letter that makes the next opening one a letter as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

GROUP = 1.1
"""The weight of parentheses without a number."""

PARENTHESIS = re.compile(r"\\[()]|[()]")


class Passage(NamedTuple):
    """A run of text that has one weight."""

    text: str
    weight: float


def passages(prompt: str) -> Iterator[Passage]:
    """The prompt cut where its groups begin and end, in order, free of the marks that set weights."""
    levels = [(parts(prompt), 1.0)]  # a stack, not recursion: prompts come from strangers
    while levels:
        rest, weight = levels[-1]
        part = next(rest, None)
        if part is None:
            levels.pop()
        elif is_group(part):
            text, weight = weigh(part[1:-1], weight)
            levels.append((parts(text), weight))
        else:
            yield Passage(re.sub(r"\\([()])", r"\1", part), weight)


def parts(text: str) -> Iterator[str]:
    """Cut a text into its outermost groups and what lies between them."""
    depth = start = 0
    for found in PARENTHESIS.finditer(text):
        if found[0] == "(":
            if depth == 0 and start < found.start():
                yield text[start : found.start()]
                start = found.start()
            depth += 1
        elif found[0] == ")":
            depth -= 1
            if depth == 0:
                yield text[start : found.end()]
                start = found.end()
    if start < len(text):
        yield text[start:]


def is_group(part: str) -> bool:
    return len(part) > 1 and part.startswith("(") and part.endswith(")") and not part.endswith("\\)")


def weigh(inside: str, around: float) -> tuple[str, float]:
    """A group's text and weight, from what stands between its parentheses and the weight around it."""
    text, colon, number = inside.rpartition(":")
    if text and colon:
        try:
            weight = float(number)
        except ValueError:
            pass
        else:
            if math.isfinite(weight):
                return text, weight
    return inside, around * GROUP
