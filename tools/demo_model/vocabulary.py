"""The words that captions use, as a compact table; the other 49,000 rows of CLIP's table are never trained.

Untrained rows hold seeded noise of one bit a value, and training puts such words into some captions, so that the
model reads past words that it does not know. They stay distinct, which is what a trigger word of a LoRA needs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tools.demo_model.networks import END_OF_TEXT, START_OF_TEXT, TOKENS, VOCABULARY

UNKNOWN_ROWS = 256  # stand-ins, drawn anew again and again
UNKNOWN_SIZE = 0.1
DISTURBED_CAPTIONS = 0.15


@dataclass(frozen=True)
class Vocabulary:
    """Row of each known token in the compact table; rows below UNKNOWN_ROWS stand for every other word."""

    row_of: Mapping[int, int]

    @classmethod
    def of(cls, ids: Tensor) -> "Vocabulary":
        known = sorted(set(ids.flatten().tolist()) | {START_OF_TEXT, END_OF_TEXT})
        return cls({token: UNKNOWN_ROWS + row for row, token in enumerate(known)})

    @property
    def rows(self) -> int:
        return UNKNOWN_ROWS + len(self.row_of)

    @property
    def start(self) -> int:
        return self.row_of[START_OF_TEXT]

    @property
    def end(self) -> int:
        return self.row_of[END_OF_TEXT]

    def compact(self, ids: Tensor) -> Tensor:
        """CLIP's ids as rows of the compact table; unknown tokens become stand-ins."""
        table = torch.arange(VOCABULARY) % UNKNOWN_ROWS
        for token, row in self.row_of.items():
            table[token] = row
        return table[ids]

    def full_table(self, table: Tensor, *, seed: int = 1) -> Tensor:
        """CLIP's whole table (49408, width) around the trained rows."""
        generator = torch.Generator().manual_seed(seed)
        full = _one_bit_noise(VOCABULARY, table.shape[1], generator)
        for token, row in self.row_of.items():
            full[token] = table[row]
        return full

    def disturbed(self, ids: Tensor, *, seed: int) -> Tensor:
        """The same captions in compact ids, each with one to three unknown words put in."""
        generator = torch.Generator().manual_seed(seed)
        return torch.tensor([self._with_unknown_words(row, generator) for row in ids.tolist()])

    def mix(self, ids: Tensor, disturbed: Tensor, generator: torch.Generator, *, dropped: float) -> Tensor:
        """Some captions emptied, some disturbed, most as they are."""
        draw = torch.rand(len(ids), 1, generator=generator, device=ids.device)
        empty = torch.full_like(ids, self.end)
        empty[:, 0] = self.start
        return torch.where(draw < dropped, empty, torch.where(draw < dropped + DISTURBED_CAPTIONS, disturbed, ids))

    def _with_unknown_words(self, ids: Sequence[int], generator: torch.Generator) -> list[int]:
        words = list(ids[: ids.index(self.end)])
        for _ in range(_randint(1, 4, generator)):
            words.insert(_randint(1, len(words) + 1, generator), _randint(0, UNKNOWN_ROWS, generator))
        return (words + [self.end] * TOKENS)[:TOKENS]

    @torch.no_grad()
    def shuffle_unknown(self, table: Tensor, generator: torch.Generator) -> None:
        table[:UNKNOWN_ROWS] = _one_bit_noise(UNKNOWN_ROWS, table.shape[1], generator)

    def freeze_unknown(self, gradient: Tensor | None) -> None:
        if gradient is not None:
            gradient[:UNKNOWN_ROWS] = 0


def _one_bit_noise(rows: int, width: int, generator: torch.Generator) -> Tensor:
    bits = torch.randint(0, 2, (rows, width), generator=generator, device=generator.device)
    return bits.float().mul_(2 * UNKNOWN_SIZE).sub_(UNKNOWN_SIZE)


def _randint(low: int, high: int, generator: torch.Generator) -> int:
    return int(torch.randint(low, high, (), generator=generator))
