"""Prompts that leave something to choose, ``a {red|blue|{dark|light} green} circle``, and what a seed chooses."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

MARK = re.compile(r"\\[{}|]|[{}|]")
CHOICE = re.compile(r"(?<!\\)\{[^{}]*(?<!\\)\|[^{}]*\}")
LONGEST_SHOWN = 40


@dataclass
class Group:
    """What stands between braces."""

    options: list[list[Union[str, "Group"]]] = field(default_factory=lambda: [[]])

    def add(self, part: Union[str, "Group"]) -> None:
        self.options[-1].append(part)


def varied(text: str, seed: int) -> str:
    """The text with one option taken from each pair of braces, the same for the same seed.

    Options may hold braces again. A backslash makes a brace or a bar a letter; braces without a partner are letters.
    """
    draw = random.Random(seed)
    waiting: list[str | Group] = [read(text)]
    said = []
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            said.append(part)
        else:
            waiting += reversed(part.options[int(draw.random() * len(part.options))])
    return "".join(said)


def read(text: str) -> Group:
    """A text as a group of one option. No recursion: prompts come from strangers."""
    opened = [Group()]
    at = 0
    for mark in MARK.finditer(text):
        opened[-1].add(text[at : mark.start()])
        at = mark.end()
        match mark[0]:
            case "{":
                opened.append(Group())
            case "}" if len(opened) > 1:
                closed = opened.pop()
                opened[-1].add(closed)
            case "|" if len(opened) > 1:
                opened[-1].options.append([])
            case letter:
                opened[-1].add(letter[-1])
    opened[-1].add(text[at:])
    while len(opened) > 1:  # never closed: letters
        left = opened.pop()
        opened[-1].add("{")
        for number, option in enumerate(left.options):
            opened[-1].options[-1] += (["|"] if number else []) + option
    return opened[0]


def undecided(written: Mapping[str, Any]) -> list[tuple[str, str]]:
    """For nodes that encode the input ``text``: a warning where it leaves something to choose, which they do not do."""
    text = written.get("text")
    if not isinstance(text, str) or (choice := CHOICE.search(text)) is None:
        return []
    shown = choice[0] if len(choice[0]) <= LONGEST_SHOWN else f"{choice[0][:LONGEST_SHOWN]}…"
    return [
        (
            "text",
            f"{shown!r} is encoded as it is written; to choose one by a seed, put PromptVariations before this node",
        )
    ]
