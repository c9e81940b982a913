"""The formulas of docs/adapters.md once more, for tests and benchmarks: dense, in float64, with loops.

Each function draws the tensors of one adapter for a weight's shape, by the suffixes kohya and LyCORIS write, and
returns them with the change they make: ``change(weight, strength)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

Change = Callable[[Tensor, float], Tensor]


@dataclass(frozen=True)
class Sample:
    tensors: dict[str, Tensor]
    change: Change


class Draw:
    """A source of random tensors, stored as float32 and handed out as the float64 of what was stored."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.tensors: dict[str, Tensor] = {}

    def __call__(self, suffix: str, *shape: int, std: float = 0.4, mean: float = 0.0) -> Tensor:
        stored = torch.randn(shape, generator=self.generator).mul_(std).add_(mean)
        return self.keep(suffix, stored).double()

    def keep(self, suffix: str, value: Tensor | float) -> Tensor:
        self.tensors[suffix] = torch.as_tensor(value)
        return self.tensors[suffix]


def lora(seed: int, shape: tuple[int, ...], rank: int = 4, alpha: float | None = 3.0) -> Sample:
    draw, kernel = Draw(seed), shape[2:]
    up = draw("lora_up.weight", shape[0], rank, *(1 for _ in kernel))
    down = draw("lora_down.weight", rank, *shape[1:])
    scale = 1.0
    if alpha is not None:
        scale = alpha / rank
        draw.keep("alpha", alpha)
    product = sum(torch.outer(up[:, r].flatten(), down[r].flatten()) for r in range(rank)).reshape(shape)
    return Sample(draw.tensors, lambda weight, strength: strength * scale * product)


def lora_tucker(seed: int, shape: tuple[int, ...], rank: int = 4) -> Sample:
    draw, kernel = Draw(seed), shape[2:] or (1, 1)
    ones = tuple(1 for _ in kernel)
    up = draw("lora_up.weight", shape[0], rank, *ones).flatten(1)
    down = draw("lora_down.weight", rank, shape[1], *ones).flatten(1)
    core = draw("lora_mid.weight", rank, rank, *kernel)
    product = torch.einsum("om, mnhw, ni -> oihw", up, core, down).reshape(shape)
    return Sample(draw.tensors, lambda weight, strength: strength * product)


def lora_remainder(seed: int, shape: tuple[int, ...], rank: int = 4) -> Sample:
    draw = Draw(seed)
    sample = lora(seed + 1, shape, rank, alpha=2.0)
    flat = (shape[0], prod(shape[1:]))
    indices = torch.stack([torch.arange(5) % flat[0], (torch.arange(5) * 7) % flat[1]])
    values = draw("bias_values", 5)
    draw.keep("bias_indices", indices.to(torch.int16))
    draw.keep("bias_size", torch.tensor(flat, dtype=torch.int16))
    extra = torch.zeros(flat, dtype=torch.float64)
    for (row, column), value in zip(indices.T.tolist(), values, strict=True):
        extra[row, column] += value
    extra = extra.reshape(shape)
    return Sample(
        sample.tensors | draw.tensors,
        lambda weight, strength: sample.change(weight, strength) + strength * 2.0 / rank * extra,
    )


def loha(seed: int, shape: tuple[int, ...], rank: int = 3) -> Sample:
    draw, columns = Draw(seed), prod(shape[1:])
    parts = [draw(f"hada_w{n}_a", shape[0], rank) @ draw(f"hada_w{n}_b", rank, columns) for n in (1, 2)]
    draw.keep("alpha", 2.0)
    return Sample(draw.tensors, lambda weight, strength: strength * 2.0 / rank * (parts[0] * parts[1]).reshape(shape))


def loha_tucker(seed: int, shape: tuple[int, ...], rank: int = 3) -> Sample:
    draw, kernel = Draw(seed), shape[2:] or (1, 1)
    parts = []
    for n in (1, 2):
        core = draw(f"hada_t{n}", rank, rank, *kernel)
        out, into = draw(f"hada_w{n}_a", rank, shape[0]), draw(f"hada_w{n}_b", rank, shape[1])
        parts.append(torch.einsum("ijhw, ip, jq -> pqhw", core, out, into).reshape(shape))
    draw.keep("alpha", 1.0)
    return Sample(draw.tensors, lambda weight, strength: strength / rank * parts[0] * parts[1])


def lokr(seed: int, shape: tuple[int, ...], rank: int = 2, first: str = "whole", second: str = "low") -> Sample:
    """A Kronecker product of a 4×2 factor and what is left, each factor whole, low-rank or with a Tucker core."""
    draw, kernel = Draw(seed), shape[2:]
    (a, c), (b, d) = (4, 2), (shape[0] // 4, shape[1] // 2)
    low = first != "whole"
    one = draw("lokr_w1_a", a, rank) @ draw("lokr_w1_b", rank, c) if low else draw("lokr_w1", a, c)
    if second == "whole":
        two = draw("lokr_w2", b, d, *kernel)
    elif second == "low":
        two = (draw("lokr_w2_a", b, rank) @ draw("lokr_w2_b", rank, d * prod(kernel))).reshape(b, d, *kernel)
    else:
        core = draw("lokr_t2", rank, rank, *kernel)
        out, into = draw("lokr_w2_a", rank, b), draw("lokr_w2_b", rank, d)
        two = torch.einsum("ijhw, ip, jq -> pqhw", core, out, into)
    draw.keep("alpha", 1e10 if first == second == "whole" else 3.0)
    scale = 1.0 if first == second == "whole" else 3.0 / rank
    product = torch.stack([torch.cat([one[i, j] * two for j in range(c)], dim=1) for i in range(a)]).reshape(shape)
    return Sample(draw.tensors, lambda weight, strength: strength * scale * product)


def difference(seed: int, shape: tuple[int, ...]) -> Sample:
    draw = Draw(seed)
    diff = draw("diff", *shape)
    return Sample(draw.tensors, lambda weight, strength: strength * diff)


def norm(seed: int, shape: tuple[int, ...]) -> Sample:
    draw = Draw(seed)
    diff = draw("w_norm", *shape)
    return Sample(draw.tensors, lambda weight, strength: strength * diff)


def ia3(seed: int, shape: tuple[int, ...], on_input: bool = False) -> Sample:
    draw = Draw(seed)
    axis = 1 if on_input else 0
    factor = draw("weight", shape[axis])
    draw.keep("on_input", torch.tensor(int(on_input)))
    form = [shape[axis] if n == axis else 1 for n in range(len(shape))]
    return Sample(draw.tensors, lambda weight, strength: weight * strength * factor.reshape(form))


def dora(seed: int, shape: tuple[int, ...], axis: int = 0, over: Callable[..., Sample] = lora) -> Sample:
    inner, draw = over(seed, shape), Draw(seed + 1)
    form = [shape[axis] if n == axis else 1 for n in range(len(shape))]
    magnitude = draw("dora_scale", *form, std=0.1, mean=1.0)

    def change(weight: Tensor, strength: float) -> Tensor:
        changed = (weight + inner.change(weight, 1.0)).movedim(axis, 0)
        slices = [magnitude.flatten()[n] * part / part.square().sum().sqrt() for n, part in enumerate(changed)]
        return strength * (torch.stack(slices).movedim(0, axis) - weight)

    return Sample(inner.tensors | draw.tensors, change)


def _cayley(blocks: Tensor, longest: float) -> Tensor:
    skew = blocks - blocks.transpose(-1, -2)
    length = float(skew.square().sum().sqrt())
    if 0 < longest < length:
        skew = skew * longest / length
    identity = torch.eye(blocks.shape[-1], dtype=torch.float64)
    return (identity + skew) @ torch.linalg.inv(identity - skew)


def oft(seed: int, shape: tuple[int, ...], constraint: float = 0.0, rescaled: bool = False) -> Sample:
    draw, size = Draw(seed), 4
    turns = _cayley(draw("oft_blocks", shape[0] // size, size, size, std=0.2), constraint * shape[0])
    draw.keep("alpha", constraint)
    rescale = draw("rescale", shape[0], *(1 for _ in shape[1:]), std=0.1, mean=1.0) if rescaled else torch.ones(())

    def change(weight: Tensor, strength: float) -> Tensor:
        turned = weight.clone()
        for k, turn in enumerate(turns):
            part = slice(k * size, (k + 1) * size)
            matrix = torch.eye(size, dtype=torch.float64) + strength * (turn - torch.eye(size, dtype=torch.float64))
            turned[part] = (matrix.T @ weight[part].flatten(1)).reshape(weight[part].shape)
        return (1.0 + strength * (rescale - 1.0)) * turned - weight

    return Sample(draw.tensors, change)


def boft(seed: int, shape: tuple[int, ...], rescaled: bool = False) -> Sample:
    draw, size, stages = Draw(seed), 4, 2
    turns = _cayley(draw("oft_blocks", stages, shape[0] // size, size, size, std=0.2), 0.0)
    draw.keep("alpha", 0.0)
    rescale = draw("rescale", shape[0], *(1 for _ in shape[1:]), std=0.1, mean=1.0) if rescaled else torch.ones(())

    def change(weight: Tensor, strength: float) -> Tensor:
        rows = list(weight)
        for stage in range(stages):
            stride = 2**stage * size // 2
            # Neighbours in a block: of each group of 2 × stride rows, row n and row n + stride in turn.
            order = [
                group + half * stride + n
                for group in range(0, len(rows), 2 * stride)
                for n in range(stride)
                for half in (0, 1)
            ]
            after = list(rows)
            for place, row in enumerate(order):
                block, within = divmod(place, size)
                matrix = strength * turns[stage, block] + (1 - strength) * torch.eye(size, dtype=torch.float64)
                after[row] = sum(matrix[within, m] * rows[order[block * size + m]] for m in range(size))
            rows = after
        return (1.0 + strength * (rescale - 1.0)) * torch.stack(rows) - weight

    return Sample(draw.tensors, change)


def glora(seed: int, shape: tuple[int, ...], rank: int = 3, early: bool = False) -> Sample:
    draw, kernel = Draw(seed), shape[2:]
    names = ("a2", "a1", "b2", "b1") if early else ("a1", "a2", "b1", "b2")
    a_up, a_down = draw(f"{names[0]}.weight", shape[1], rank), draw(f"{names[1]}.weight", rank, shape[1])
    b_up = draw(f"{names[2]}.weight", shape[0], rank)
    b_down = draw(f"{names[3]}.weight", rank, shape[1], *kernel)
    draw.keep("alpha", 2.0)
    matrix, added = a_up @ a_down, (b_up @ b_down.flatten(1)).reshape(shape)
    return Sample(
        draw.tensors,
        lambda weight, strength: strength * 2.0 / rank * (torch.einsum("oi..., ij -> oj...", weight, matrix) + added),
    )


def peft_ia3(seed: int, shape: tuple[int, ...]) -> Sample:
    draw = Draw(seed)
    factor = draw("ia3_l", *((shape[0], 1) if len(shape) == 2 else (1, shape[0], 1, 1)), std=0.2, mean=1.0).flatten()
    rows = (factor - 1.0).reshape(-1, *(1 for _ in shape[1:]))
    return Sample(draw.tensors, lambda weight, strength: strength * rows * weight)


def peft_oft(seed: int, shape: tuple[int, ...]) -> Sample:
    draw, size = Draw(seed), 4
    triangles = draw("oft_R.weight", prod(shape[1:]) // size, size * (size - 1) // 2, std=0.1)

    def change(weight: Tensor, strength: float) -> Tensor:
        columns, turned = weight.flatten(1), []
        for k, triangle in enumerate(triangles):
            skew, numbers = torch.zeros(size, size, dtype=torch.float64), iter(triangle)
            for i in range(size):
                for j in range(i + 1, size):
                    skew[i, j] = next(numbers)
                    skew[j, i] = -skew[i, j]
            turn = 2 * skew + 2 * skew @ skew + 2 * skew @ skew @ skew + skew @ skew @ skew @ skew  # less I
            turned.append(columns[:, k * size : (k + 1) * size] @ (strength * turn).T)
        return torch.cat(turned, dim=1).reshape(weight.shape)

    return Sample(draw.tensors, change)


def peft_boft(seed: int, shape: tuple[int, ...]) -> Sample:
    """Two stages of blocks of four, shuffled by halves of them: 0 2 1 3 of every four halves in the second."""
    draw, size, stages, count = Draw(seed), 4, 2, prod(shape[1:])
    blocks = draw("boft_R", stages, count // size, size, size, std=0.2)
    lengths = draw("boft_s", shape[0], 1, std=0.1, mean=1.0)
    identity, half = torch.eye(size, dtype=torch.float64), size // 2
    orders = [
        list(range(count)),
        [first + place + n for first in range(0, count, 4 * half) for place in (0, 4, 2, 6) for n in range(half)],
    ]

    def change(weight: Tensor, strength: float) -> Tensor:
        whole = torch.eye(count, dtype=torch.float64)
        for stage, order in zip(blocks, orders, strict=True):
            skews = (stage - stage.transpose(1, 2)) / 2
            turns = [(identity - skew) @ torch.linalg.inv(identity + skew) for skew in skews]
            faded = torch.block_diag(*(identity + strength * (turn - identity) for turn in turns))
            shuffle = torch.eye(count, dtype=torch.float64)[order]
            whole = shuffle @ faded @ shuffle.T @ whole
        changed = (1.0 + strength * (lengths - 1.0)) * (weight.flatten(1) @ whole.T)
        return changed.reshape(weight.shape) - weight

    return Sample(draw.tensors, change)


LINEAR, CONV = (32, 32), (32, 32, 3, 3)
KINDS: dict[str, Callable[[int, tuple[int, ...]], Sample]] = {
    "LoRA": lora,
    "LoRA without alpha": lambda seed, shape: lora(seed, shape, alpha=None),
    "LoRA, sparse remainder": lora_remainder,
    "LoHa": loha,
    "LoKr, whole w1": lokr,
    "LoKr, both low-rank": lambda seed, shape: lokr(seed, shape, first="low"),
    "LoKr, both whole": lambda seed, shape: lokr(seed, shape, second="whole"),
    "difference": difference,
    "IA3, outputs": ia3,
    "IA3, inputs": lambda seed, shape: ia3(seed, shape, on_input=True),
    "DoRA per output": dora,
    "DoRA per input": lambda seed, shape: dora(seed, shape, axis=1),
    "DoRA over LoHa": lambda seed, shape: dora(seed, shape, over=loha),
    "DoRA over LoKr": lambda seed, shape: dora(seed, shape, over=lokr),
    "DoRA over GLoRA": lambda seed, shape: dora(seed, shape, over=glora),
    "OFT": oft,
    "OFT, constrained": lambda seed, shape: oft(seed, shape, constraint=0.02),
    "OFT, rescaled": lambda seed, shape: oft(seed, shape, rescaled=True),
    "BOFT": boft,
    "BOFT, rescaled": lambda seed, shape: boft(seed, shape, rescaled=True),
    "GLoRA": glora,
    "GLoRA, early layout": lambda seed, shape: glora(seed, shape, early=True),
    "IA3 of PEFT": peft_ia3,
    "OFT of PEFT": peft_oft,
    "BOFT of PEFT": peft_boft,
}
CONVOLUTIONAL = {
    "LoRA, Tucker": lora_tucker,
    "LoHa, Tucker": loha_tucker,
    "LoKr, Tucker": lambda seed, shape: lokr(seed, shape, second="tucker"),
}
