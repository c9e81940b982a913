"""Attention for training on a CPU: a small compiled kernel for narrow heads, PyTorch's own everywhere else.

The kernel is built once with the system's C++ compiler into the cache directory; without a compiler, or on a
GPU, `narrow_attention` is PyTorch's `scaled_dot_product_attention` and only the speed differs.
"""

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

WIDTHS = (4, 8, 12)
_SOURCE = Path(__file__).with_name("attention.cpp")
_FLAGS = ("-O3", "-march=native", "-fopenmp", "-fPIC", "-shared")


def narrow_attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """softmax(q k / sqrt(width)) v; query (B, N, heads * width), key and value (B, M, heads * width)."""
    width = query.shape[-1] // heads
    if query.device.type == "cpu" and query.dtype == torch.float32 and width in WIDTHS and _kernel() is not None:
        return torch.ops.demo_model.attention(query.contiguous(), key.contiguous(), value.contiguous(), heads)[0]
    query, key, value = (x.unflatten(-1, (heads, width)).transpose(1, 2) for x in (query, key, value))
    padding = -width % 8 if query.device.type == "cuda" else 0  # CUDA's fast kernels want multiples of 8
    query, key, value = (F.pad(x, (0, padding)) if padding else x for x in (query, key, value))
    mixed = F.scaled_dot_product_attention(query, key, value, scale=width**-0.5)  # (B, heads, N, width)
    return mixed[..., :width].transpose(1, 2).flatten(2)


class NarrowAttention:
    """A diffusers attention processor that uses `narrow_attention`."""

    def __call__(self, attn, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, **_: object) -> Tensor:
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        mixed = narrow_attention(attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context), attn.heads)
        return attn.to_out[1](attn.to_out[0](mixed))


@torch.library.custom_op("demo_model::attention", mutates_args=())
def _attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> tuple[Tensor, Tensor]:
    batch, queries, channels = query.shape
    out, log_sum = torch.empty_like(query), query.new_empty(batch, heads, queries)
    sizes = (batch, heads, channels // heads, queries, key.shape[1])
    _call("attention_forward", (query, key, value, out, log_sum), sizes)
    return out, log_sum


@_attention.register_fake
def _(query: Tensor, key: Tensor, value: Tensor, heads: int) -> tuple[Tensor, Tensor]:
    return torch.empty_like(query), query.new_empty(query.shape[0], heads, query.shape[1])


@torch.library.custom_op("demo_model::attention_gradients", mutates_args=())
def _gradients(
    query: Tensor, key: Tensor, value: Tensor, out: Tensor, log_sum: Tensor, gradient: Tensor, heads: int
) -> tuple[Tensor, Tensor, Tensor]:
    results = (torch.empty_like(query), torch.empty_like(key), torch.empty_like(value))
    sizes = (query.shape[0], heads, query.shape[2] // heads, query.shape[1], key.shape[1])
    _call("attention_backward", (query, key, value, out, log_sum, gradient.contiguous(), *results), sizes)
    return results


@_gradients.register_fake
def _(query, key, value, out, log_sum, gradient, heads):
    return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)


def _remember(ctx, inputs, output) -> None:
    query, key, value, ctx.heads = inputs
    ctx.save_for_backward(query, key, value, *output)


def _differentiate(context, gradient: Tensor, _: Tensor):
    query, key, value, out, log_sum = context.saved_tensors
    return *torch.ops.demo_model.attention_gradients(query, key, value, out, log_sum, gradient, context.heads), None


_attention.register_autograd(_differentiate, setup_context=_remember)


def _call(function: str, tensors: tuple[Tensor, ...], sizes: tuple[int, ...]) -> None:
    pointers = [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
    scale = ctypes.c_float(sizes[2] ** -0.5)
    getattr(_kernel(), function)(*pointers, *(ctypes.c_int(size) for size in sizes), scale)


@functools.cache
def _kernel() -> ctypes.CDLL | None:
    compiler = shutil.which("g++")
    if compiler is None:
        return None
    digest = hashlib.sha256(_SOURCE.read_bytes() + repr(_FLAGS).encode()).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "patchbay"
    library = folder / f"demo_attention_{digest}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = library.with_suffix(f".{os.getpid()}")
        built = subprocess.run([compiler, *_FLAGS, str(_SOURCE), "-o", str(unfinished)], capture_output=True)
        if built.returncode:
            return None
        unfinished.replace(library)
    return ctypes.CDLL(str(library))
