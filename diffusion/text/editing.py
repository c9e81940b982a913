"""Prompts that change while sampling, by A1111's rules. Pure text.

``[from:to:when]``, ``[to:when]`` and ``[from::when]`` change once: after step ``when``, or after that fraction of all
steps where it has a decimal point. ``[a|b|c]`` takes turns. What has neither form stays as it is, to be read as
emphasis. Steps are counted as A1111 counts them: what comes first acts at step 0 as well, so ``[a:b:5]`` shows ``a``
six times, and ``[a|b]`` begins with ``a`` twice (AUTOMATIC1111/stable-diffusion-webui issue 7279).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

MARK = re.compile(r"\\.|[\[\]():|]", re.DOTALL)
CLOSED_BY = {"[": "]", "(": ")"}
WHEN = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*")


class Edition(NamedTuple):
    """What the prompt says at some steps, counted from 0."""

    text: str
    steps: tuple[int, ...]


@dataclass(slots=True)
class Bracket:
    """An opened bracket and what stands in it so far, cut where it may matter."""

    opening: str
    sections: list[str] = field(default_factory=lambda: [""])
    separators: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.sections[-1] += text

    def cut(self, separator: str) -> None:
        self.separators.append(separator)
        self.sections.append("")

    def literal(self) -> str:
        """What was read, letter by letter."""
        between = [*self.separators, ""]
        return self.opening + "".join(part for pair in zip(self.sections, between, strict=True) for part in pair)


def editions(prompt: str, steps: int) -> list[Edition]:
    """Every text the prompt stands for during so many steps, in order of its first step."""
    when: dict[str, list[int]] = defaultdict(list)
    for step in range(steps):
        when[text_at(prompt, max(step, 1), steps)].append(step)
    return [Edition(text, tuple(at)) for text, at in when.items()]


def text_at(prompt: str, step: int, steps: int) -> str:
    """What the prompt says at a step, counted from 1."""
    opened = [Bracket("")]
    at = 0
    for mark in MARK.finditer(prompt):
        opened[-1].add(prompt[at : mark.start()])
        at = mark.end()
        text, inner = mark[0], opened[-1]
        if text in CLOSED_BY:
            opened.append(Bracket(text))
        elif text == CLOSED_BY.get(inner.opening):
            opened.pop()
            opened[-1].add(inner.literal() + text if text == ")" else resolve(inner, step, steps))
        elif text in (":", "|") and inner.opening:
            inner.cut(text)
        else:
            inner.add(text)
    opened[-1].add(prompt[at:])
    return "".join(bracket.literal() for bracket in opened)


def resolve(bracket: Bracket, step: int, steps: int) -> str:
    """What a closed bracket says at a step."""
    sections, separators = bracket.sections, set(bracket.separators)
    if separators == {"|"}:
        return sections[(step - 1) % len(sections)]
    when = WHEN.fullmatch(sections[-1])
    if separators == {":"} and len(sections) <= 3 and when:
        before, after = ("", sections[0]) if len(sections) == 2 else sections[:2]
        number = float(when[1])
        last = min(steps, int(number * steps if "." in when[1] else number))
        return before if step <= last else after
    return bracket.literal() + "]"
