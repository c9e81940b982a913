"""CLIP's byte-pair tokenizer, offline (Radford et al. 2021; the vocabulary is published with CLIP)."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE

START = 49406
END = 49407
"""Ends a text, and fills what is left of a chunk in Stable Diffusion 1.x."""

VOCABULARY = Path(__file__).with_name("bpe_simple_vocab_16e6.txt.gz")
MERGES = 49152 - 256 - 2  # what CLIP takes of the published list
SPECIAL = ("<|startoftext|>", "<|endoftext|>")
WORDS = r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""


def tokenize(text: str) -> tuple[int, ...]:
    """The text's token ids, without start, end and padding."""
    return tuple(clip_tokenizer().encode(text, add_special_tokens=False).ids)


@cache
def clip_tokenizer() -> Tokenizer:
    """The tokenizer itself, built once per process."""
    vocabulary, merges = read_vocabulary(VOCABULARY)
    tokenizer = Tokenizer(BPE(vocabulary, merges, end_of_word_suffix="</w>", unk_token=SPECIAL[1]))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def read_vocabulary(path: Path) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Ids by token, and the merges in order of rank, from the published file: a version line, then a merge a line."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        merges = [(left, right) for left, right in (next(lines).split() for _ in range(MERGES))]
    letters = byte_letters()
    tokens = [*letters, *(letter + "</w>" for letter in letters), *(left + right for left, right in merges), *SPECIAL]
    return {token: number for number, token in enumerate(tokens)}, merges


def byte_letters() -> list[str]:
    """A printable letter for each byte, in the vocabulary's order: printable bytes stand for themselves."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = 256 - len(printable)
    return [chr(code) for code in [*printable, *range(256, 256 + others)]]
