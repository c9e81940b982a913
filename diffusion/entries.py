"""Prompts joined, mixed and emptied."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from diffusion.conditioning import Cond, Conditioning


def concatenated(first: Conditioning, second: Conditioning) -> Conditioning:
    """The tokens of ``second``'s first entry behind those of every entry of ``first``."""
    added = second.entries[0]
    _same_width(first, added)
    return first.map(lambda entry: _concatenated(entry, added))


def _concatenated(entry: Cond, added: Cond) -> Cond:
    mask = None
    if entry.token_mask is not None or added.token_mask is not None:
        mask = torch.cat([_token_mask(entry), _token_mask(added)], dim=1)
    return replace(entry, embeds=torch.cat([entry.embeds, added.embeds], dim=1), token_mask=mask)


def averaged(first: Conditioning, second: Conditioning, share: float) -> Conditioning:
    """``share`` of each entry of ``first``, and the rest of ``second``'s first entry, token by token.

    Where ``second`` has fewer tokens, zeros stand in for them; where it has more, they are left out.
    """
    other = second.entries[0]
    _same_width(first, other)
    return first.map(lambda entry: _averaged(entry, other, share))


def _averaged(entry: Cond, other: Cond, share: float) -> Cond:
    embeds = torch.zeros_like(entry.embeds)
    count = min(embeds.shape[1], other.embeds.shape[1])
    embeds[:, :count] = other.embeds[:, :count]
    pooled = entry.pooled if other.pooled is None else other.pooled
    if pooled is not None and entry.pooled is not None:
        pooled = entry.pooled * share + pooled * (1 - share)
    return replace(entry, embeds=entry.embeds * share + embeds * (1 - share), pooled=pooled)


def zeroed(conditioning: Conditioning) -> Conditioning:
    """Entries of the same bounds that say nothing: all zeros."""
    return conditioning.map(
        lambda entry: replace(
            entry,
            embeds=torch.zeros_like(entry.embeds),
            pooled=None if entry.pooled is None else torch.zeros_like(entry.pooled),
        )
    )


def _token_mask(entry: Cond) -> Tensor:
    if entry.token_mask is None:
        return torch.ones(entry.embeds.shape[:2])
    return entry.token_mask


def _same_width(first: Conditioning, added: Cond) -> None:
    for entry in first.entries:
        if entry.embeds.shape[-1] != added.embeds.shape[-1]:
            raise ValueError(
                f"Prompts with {entry.embeds.shape[-1]} and {added.embeds.shape[-1]} numbers a token cannot be mixed: "
                "they come from text encoders of different families."
            )
