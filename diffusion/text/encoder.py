"""CLIP's text transformer (Radford et al. 2021) over chunks, with textual inversions' vectors spliced in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import CLIPTextModel

from diffusion.handle import FileRef
from diffusion.text.chunks import Chunk, Vector
from diffusion.text.tokenizer import END

BATCH = 16  # chunks at a time, so that a novel for a prompt does not fill the memory


class Encoded(NamedTuple):
    """What the text encoder makes of chunks."""

    hidden: Tensor  # (chunks, 77, D) float32, on the CPU
    pooled: Tensor  # (chunks, D) float32, on the CPU


@torch.no_grad()
def run_encoder(
    module: CLIPTextModel, chunks: Sequence[Chunk], vectors: Mapping[FileRef, Tensor], skip: int = 0
) -> Encoded:
    """Hidden states ``skip`` layers before the last, and the last layer's at the end of each text.

    Both are taken through the final layer norm, as Stable Diffusion 1.x was trained with.
    """
    parts = [run_batch(module, chunks[at : at + BATCH], vectors, skip) for at in range(0, len(chunks), BATCH)]
    return Encoded(*(torch.cat(tensors).float().cpu() for tensors in zip(*parts, strict=True)))


def run_batch(
    module: CLIPTextModel, chunks: Sequence[Chunk], vectors: Mapping[FileRef, Tensor], skip: int
) -> tuple[Tensor, Tensor]:
    hidden = module.embeddings(inputs_embeds=token_embeddings(module, chunks, vectors))  # (B, 77, D)
    length = hidden.shape[1]
    future = torch.full((length, length), float("-inf"), dtype=hidden.dtype, device=hidden.device).triu(1)
    states: list[Tensor] = []
    for layer in module.encoder.layers:
        hidden = layer(hidden, future[None, None])
        states.append(hidden)
    norm = module.final_layer_norm
    ends = torch.tensor([chunk.end for chunk in chunks], device=hidden.device)
    pooled = norm(hidden)[torch.arange(len(chunks), device=hidden.device), ends]  # (B, D)
    return norm(states[-1 - skip]), pooled


def token_embeddings(module: CLIPTextModel, chunks: Sequence[Chunk], vectors: Mapping[FileRef, Tensor]) -> Tensor:
    """The chunks' tokens as vectors, (B, 77, D). The embedding table is read, never written."""
    table = module.embeddings.token_embedding
    ids = [[END if isinstance(token, Vector) else token for token in chunk.tokens] for chunk in chunks]
    embedded = table(torch.tensor(ids, device=table.weight.device))  # (B, 77, D)
    for row, chunk in enumerate(chunks):
        for place, token in enumerate(chunk.tokens):
            if isinstance(token, Vector):
                embedded[row, place] = vectors[token.file][token.row].to(embedded)
    return embedded


def weights_of(chunks: Sequence[Chunk]) -> Tensor:
    """The weight of every token, (chunks, 77, 1)."""
    return torch.tensor([chunk.weights for chunk in chunks]).unsqueeze(-1)
