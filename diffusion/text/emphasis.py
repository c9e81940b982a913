"""Weights in a prompt by A1111's rules: ``(cat)`` ×1.1, ``[cat]`` ÷1.1, ``(cat:1.3)`` ×1.3, and ``BREAK``. Pure text.

Everything multiplies: ``((cat:2))`` is 2.2. Parentheses and brackets are counted apart, so they may overlap; what is
left open acts to the end, and what closes nothing is a letter. A backslash makes any of ``()[]\\`` a letter and is
itself left out.
"""

from __future__ import annotations

import re

from diffusion.text.prompt import Passage

STEP = 1.1
MARK = re.compile(
    r"""
      \\ (?P<letter> [()\[\]\\]? )
    | (?P<opening> [(\[] )
    | : \s* (?P<weight> [+-]? (?: \d+\.?\d* | \.\d+ ) ) \s* \)
    | (?P<closing> [)\]] )
    | (?: (?<!\s) \s+ )? \b (?P<break> BREAK ) \b \s*
    """,
    re.VERBOSE,
)
OPENS = {")": "(", "]": "["}
FACTOR = {")": STEP, "]": 1 / STEP}


def emphasized(prompt: str) -> list[list[Passage]]:
    """The prompt cut at every ``BREAK``, and within that where its weight changes."""
    texts: list[str | None] = []  # None stands for a break
    weights: list[float] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}

    def add(text: str | None) -> None:
        texts.append(text)
        weights.append(1.0)

    def multiply(since: int, factor: float) -> None:
        weights[since:] = [weight * factor for weight in weights[since:]]

    at = 0
    for mark in MARK.finditer(prompt):
        add(prompt[at : mark.start()])
        at = mark.end()
        kind, text = mark.lastgroup, mark[mark.lastgroup or 0]
        if kind == "opening":
            opened[text].append(len(texts))
        elif kind == "weight" and opened["("]:
            multiply(opened["("].pop(), float(text))
        elif kind == "closing" and opened[OPENS[text]]:
            multiply(opened[OPENS[text]].pop(), FACTOR[text])
        elif kind == "break":
            add(None)
        else:
            add(text if kind == "letter" else mark[0])
    add(prompt[at:])
    for closing, opening in OPENS.items():
        for since in opened[opening]:
            multiply(since, FACTOR[closing])
    return merged(texts, weights)


def merged(texts: list[str | None], weights: list[float]) -> list[list[Passage]]:
    """Neighbours of one weight as one passage, so that no word is torn where a mark stood; a list between breaks."""
    sections: list[list[Passage]] = [[]]
    for text, weight in zip(texts, weights, strict=True):
        section = sections[-1]
        if text is None:
            sections.append([])
        elif section and section[-1].weight == weight:
            section[-1] = Passage(section[-1].text + text, weight)
        elif text:
            section.append(Passage(text, weight))
    return sections
