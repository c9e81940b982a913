"""Several prompts in one, ``a cat AND a dog :0.5`` (Liu et al. 2022, composable diffusion), by A1111's rules."""

from __future__ import annotations

import re

from diffusion.text.prompt import Passage

AND = re.compile(r"\bAND\b")
WEIGHT = re.compile(r"(?P<text>.*?)\s*:\s*(?P<weight>[-+]?(?:\d+\.?\d*|\.\d+))\s*", re.DOTALL)


def composed(prompt: str) -> list[Passage]:
    """The prompts between the ANDs, each with the weight written after it, or 1."""
    return [weighed(part) for part in AND.split(prompt)]


def weighed(part: str) -> Passage:
    found = WEIGHT.fullmatch(part)
    return Passage(found["text"], float(found["weight"])) if found else Passage(part, 1.0)
