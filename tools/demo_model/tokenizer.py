"""CLIP's byte-pair tokenizer, small: captions here are lower-case English."""

import gzip
import itertools
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from tools.demo_model.networks import END_OF_TEXT, START_OF_TEXT, TOKENS

VOCABULARY_FILE = Path(__file__).parents[2] / "diffusion" / "text" / "bpe_simple_vocab_16e6.txt.gz"
_MERGES = 49152 - 256 - 2
_WORD = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+", re.IGNORECASE)


def token_ids(captions: Sequence[str], *, placeholders: Mapping[str, int] | None = None) -> Tensor:
    """Padded ids, (N, 77); a word in `placeholders` becomes that one id."""
    placeholders = placeholders or {}
    rows = []
    for text in captions:
        ids = []
        for word in text.split(" "):
            ids += [placeholders[word]] if word in placeholders else _text_ids(word)
        ids = [START_OF_TEXT, *ids[: TOKENS - 2], END_OF_TEXT]
        rows.append(ids + [END_OF_TEXT] * (TOKENS - len(ids)))
    return torch.tensor(rows)


def _text_ids(text: str) -> list[int]:
    return [token for word in _WORD.findall(text.lower()) for token in _word_ids(word)]


@cache
def _word_ids(word: str) -> tuple[int, ...]:
    identifiers, ranks, characters = _vocabulary()
    parts = [characters[byte] for byte in word.encode()]
    parts[-1] += "</w>"
    while len(parts) > 1:
        best = min(itertools.pairwise(parts), key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            break
        merged, index = [], 0
        while index < len(parts):
            joined = tuple(parts[index : index + 2]) == best
            merged.append("".join(best) if joined else parts[index])
            index += 2 if joined else 1
        parts = merged
    return tuple(identifiers[part] for part in parts)


@cache
def _vocabulary() -> tuple[dict[str, int], dict[tuple[str, ...], int], dict[int, str]]:
    characters = _byte_characters()
    lines = gzip.decompress(VOCABULARY_FILE.read_bytes()).decode().split("\n")[1 : _MERGES + 1]
    merges = [tuple(line.split()) for line in lines]
    single = list(characters.values())
    pieces = single + [piece + "</w>" for piece in single] + ["".join(pair) for pair in merges]
    return {piece: i for i, piece in enumerate(pieces)}, {pair: i for i, pair in enumerate(merges)}, characters


def _byte_characters() -> dict[int, str]:
    """A printable character for every byte, in the vocabulary's order: printable ones first, as themselves."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(hidden)}
