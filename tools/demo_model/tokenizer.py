"""Captions as padded rows of CLIP's token ids, with the engine's tokenizer."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from diffusion.text.tokenizer import tokenize
from tools.demo_model.networks import END_OF_TEXT, START_OF_TEXT, TOKENS


def token_ids(captions: Sequence[str], *, placeholders: Mapping[str, int] | None = None) -> Tensor:
    """Padded ids, (N, 77); a word in `placeholders` becomes that one id."""
    placeholders = placeholders or {}
    rows = []
    for text in captions:
        ids: list[int] = []
        for word in text.split(" "):
            ids += [placeholders[word]] if word in placeholders else tokenize(word)
        ids = [START_OF_TEXT, *ids[: TOKENS - 2], END_OF_TEXT]
        rows.append(ids + [END_OF_TEXT] * (TOKENS - len(ids)))
    return torch.tensor(rows)
