"""The rules by which a prompt can be read: the ecosystem's ("default", and with "bare_names"), and A1111's.

Needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from diffusion.conditioning import NOTHING
from diffusion.files.folders import ModelFolders
from diffusion.text.bare_names import bare_names, named_in
from diffusion.text.bundles import NONE, Bundles
from diffusion.text.chunks import Chunk, Piece, chunks
from diffusion.text.commas import chunks_at_commas
from diffusion.text.composition import composed
from diffusion.text.editing import editions
from diffusion.text.emphasis import emphasized
from diffusion.text.prompt import passages
from diffusion.text.references import Reference, references
from diffusion.text.tokenizer import tokenize
from diffusion.text.weighting import move_from_empty, scale_keeping_mean

if TYPE_CHECKING:
    from torch import Tensor


class Part(NamedTuple):
    """Words, their tokens, or a textual inversion, of one weight."""

    content: str | tuple[int, ...] | Reference
    weight: float


class Reading(NamedTuple):
    """One of the texts that a prompt stands for."""

    sections: Sequence[Sequence[Part]]
    """Each begins a chunk of its own."""
    strength: float = 1.0
    extra: Mapping[str, Any] = NOTHING
    """What `Cond.extra` says of it: ``steps``, those steps at which it acts, counted from 0, and ``composed``, whether
    its difference from the negative prompt is added to those of the others, times its strength."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a prompt is cut into texts, how these fill chunks, and what weights do."""

    read: Callable[[str, ModelFolders, int, Bundles], list[Reading]]
    """(prompt, folders, steps of the sampler, what adapters bring along)"""
    fill: Callable[[Sequence[Sequence[Piece]]], tuple[Chunk, ...]]
    weigh: Callable[[Tensor, Tensor, Tensor], Tensor]


def read_default(prompt: str, folders: ModelFolders, steps: int, bundles: Bundles = NONE) -> list[Reading]:
    """One text in one section, whatever the number of steps."""
    return [
        Reading(
            [[Part(part, weight) for text, weight in passages(prompt) for part in references(text, folders, bundles)]]
        )
    ]


def read_bare_names(prompt: str, folders: ModelFolders, steps: int, bundles: Bundles = NONE) -> list[Reading]:
    """As `read_default`, and what is called as a textual inversion is one without ``embedding:`` before it."""
    names = bare_names(folders, bundles)
    (reading,) = read_default(prompt, folders, steps, bundles)
    (section,) = reading.sections
    named = [
        Part(part, weight)
        for content, weight in section
        for part in (named_in(tokenize(content), names, folders) if isinstance(content, str) else [content])
    ]
    return [Reading([named])]


def read_a1111(prompt: str, folders: ModelFolders, steps: int, bundles: Bundles = NONE) -> list[Reading]:
    """A text for every prompt between ANDs, and for every form it has during the steps."""
    names = bare_names(folders, bundles)
    prompts = composed(prompt)
    together = {"composed": True} if len(prompts) > 1 or prompts[0].weight != 1 else {}
    return [
        Reading(
            [
                [Part(part, weight) for text, weight in section for part in named_in(tokenize(text), names, folders)]
                for section in emphasized(edition.text)
            ],
            strength,
            together | ({"steps": edition.steps} if len(edition.steps) < steps else {}),
        )
        for text, strength in prompts
        for edition in editions(text, steps)
    ]


RULES: Mapping[str, Rules] = {
    "default": Rules(read_default, lambda sections: chunks(sections[0]), move_from_empty),
    "bare_names": Rules(read_bare_names, lambda sections: chunks(sections[0]), move_from_empty),
    "a1111": Rules(read_a1111, chunks_at_commas, scale_keeping_mean),
}
