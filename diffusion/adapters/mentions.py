"""Adapters named inside a prompt: ``<lora:neon:0.8>``, ``<lora:neon:0.8:0.5>``, ``<lora:neon:unet=1:te=0:dyn=4>``.

A first number is the strength on the model and, without a second, on the text encoder; a second is the text encoder's.
In A1111's order, ``text_first``, it is the other way round. Hypernetworks have one strength.
Named values: ``unet`` and ``te``, ``dyn`` (the rank to use of a DyLoRA), ``lbw`` (block weights, as a list or by name).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from diffusion.adapters.blocks import blocks_option
from diffusion.errors import AdapterMismatch

MENTION = re.compile(r"<(lora|lyco|hypernet):([^<>:]+)((?::[^<>:]*)*)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mention:
    """An adapter as a prompt names it."""

    kind: Literal["lora", "hypernet"]
    name: str
    model: float = 1.0
    text: float = 1.0
    options: tuple[tuple[str, str], ...] = ()
    """As `Applied` takes them."""


@dataclass(frozen=True, slots=True)
class MentionedPrompt:
    """A prompt taken apart."""

    text: str
    """Without the mentions."""
    mentions: tuple[Mention, ...]
    problems: tuple[str, ...]
    """Sentences about what looks like a mention and is none; it is left out of the text all the same."""


def split_mentions(prompt: str, *, text_first: bool = False) -> MentionedPrompt:
    """Take the adapters out of a prompt, in their order."""
    mentions: list[Mention] = []
    problems: list[str] = []
    for found in MENTION.finditer(prompt):
        try:
            mentions.append(
                _mention(found[1].lower(), found[2].strip(), found[3].split(":")[1:], text_first=text_first)
            )
        except ValueError as error:
            problems.append(f"{found[0]} in the prompt is left out: {error}.")
    return MentionedPrompt(MENTION.sub("", prompt), tuple(mentions), tuple(problems))


def listed_mentions(text: str) -> tuple[Mention, ...]:
    """LoRAs from lines ``name``, ``name:model`` or ``name:model:clip``, with further values as in a prompt.

    Empty lines, and those that begin with ``#``, name nothing. Raises AdapterMismatch for what is not understood.
    """
    mentions = []
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            name, *values = line.removeprefix("<lora:").removesuffix(">").split(":")
            try:
                mentions.append(_mention("lora", name.strip(), [value.strip() for value in values]))
            except ValueError as error:
                raise AdapterMismatch(f"The line {line!r} should be name:model:clip: {error}.") from error
    return tuple(mentions)


def _mention(kind: str, name: str, values: list[str], *, text_first: bool = False) -> Mention:
    positional = [_number(value) for value in values if "=" not in value]
    named = dict(value.split("=", 1) for value in values if "=" in value)
    unknown = named.keys() - {"unet", "te", "dyn", "lbw"}
    if unknown or len(positional) > 2:
        raise ValueError(f"it says more than is understood ({', '.join(sorted(unknown) or values)})")
    first = positional[0] if positional else 1.0
    second = positional[1] if len(positional) > 1 else None
    if text_first and kind != "hypernet":
        text = _number(named["te"]) if "te" in named else first
        unsaid = text if second is None else second
        model = _number(named["unet"]) if "unet" in named else unsaid
    else:
        unsaid = first if second is None else second
        model = _number(named["unet"]) if "unet" in named else first
        text = _number(named["te"]) if "te" in named else unsaid
    options = [("rank", str(_rank(named["dyn"])))] if "dyn" in named else []
    try:
        options += blocks_option(named["lbw"]) if "lbw" in named else ()
    except AdapterMismatch as error:
        raise ValueError(str(error).removesuffix(".")) from None
    return Mention("hypernet" if kind == "hypernet" else "lora", name, model, text, tuple(options))


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
    if not isfinite(number):
        raise ValueError(f"{text!r} is no strength")
    return number


def _rank(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ValueError(f"{text!r} is no rank")
    return int(text)
