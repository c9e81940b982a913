"""Several prompts in one, ``a cat AND a dog :0.5`` (Liu et al. 2022, composable diffusion), by A1111's rules."""

from __future__ import annotations

import re

from diffusion.text.prompt import Passage

AND = re.compile(r"\bAND\b")
NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)\s*")


def composed(prompt: str) -> list[Passage]:
    """The prompts between the ANDs, each with the weight written after it, or 1."""
    return [weighed(part) for part in AND.split(prompt)]


def weighed(part: str) -> Passage:
    text, _, number = part.rpartition(":")
    return Passage(text.rstrip(), float(number)) if NUMBER.fullmatch(number) and number != part else Passage(part, 1.0)
