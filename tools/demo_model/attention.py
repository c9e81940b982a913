"""Attention for very narrow heads: CUDA's fast kernels want multiples of 8 channels, this model has 4, 8 and 12."""

import torch.nn.functional as F
from torch import Tensor


class NarrowAttention:
    """A diffusers attention processor that pads heads on a GPU; zeros change neither the products nor the sums."""

    def __call__(self, attn, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, **_: object) -> Tensor:
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        mixed = narrow_attention(attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context), attn.heads)
        return attn.to_out[1](attn.to_out[0](mixed))


def narrow_attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """softmax(q k / sqrt(width)) v; query (B, N, heads * width), key and value (B, M, heads * width)."""
    width = query.shape[-1] // heads
    padding = -width % 8 if query.is_cuda else 0
    query, key, value = (
        F.pad(x.unflatten(-1, (heads, width)), (0, padding)).transpose(1, 2) for x in (query, key, value)
    )
    mixed = F.scaled_dot_product_attention(query, key, value, scale=width**-0.5)  # (B, heads, N, width)
    return mixed[..., :width].transpose(1, 2).flatten(2)
