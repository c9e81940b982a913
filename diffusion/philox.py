"""The random numbers a CUDA device draws, on the CPU: Philox4x32-10 (Salmon et al. 2011) and cuRAND's normals."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
LOW = 0xFFFFFFFF

Words = NDArray[np.uint64]  # of 32 bits each, wider so that products fit


class Philox:
    """Draws what ``torch.randn`` on a CUDA device draws after ``manual_seed(seed)``, call for call.

    It holds for tensors up to the number of threads the device runs at once, which no latent of SD exceeds.
    """

    def __init__(self, seed: int):
        self._key = (seed & LOW, seed >> 32 & LOW)
        self._calls = 0

    def randn(self, shape: Sequence[int]) -> Tensor:
        """Standard normal numbers, float32, on the CPU."""
        count = prod(shape)
        counter = np.zeros((4, count), np.uint64)
        counter[0] = self._calls
        counter[2] = np.arange(count)  # each number is drawn by a thread of its own
        self._calls += 1
        first, second, _, _ = scrambled(counter, self._key)
        return torch.from_numpy(_box_muller(first, second).astype(np.float32)).reshape(tuple(shape))


def scrambled(counter: Words, key: tuple[int, int]) -> Words:
    """The block function: counters (4, N) and a key to random words (4, N)."""
    c0, c1, c2, c3 = counter
    for i in range(ROUNDS):
        k0, k1 = (np.uint64(word + i * step & LOW) for word, step in zip(key, WEYL, strict=True))
        left, right = c0 * np.uint64(MULTIPLIERS[0]), c2 * np.uint64(MULTIPLIERS[1])
        c0, c1, c2, c3 = (right >> 32) ^ c1 ^ k0, right & LOW, (left >> 32) ^ c3 ^ k1, left & LOW
    return np.stack([c0, c1, c2, c3])


def _box_muller(first: Words, second: Words) -> NDArray[np.float64]:
    """Box & Muller (1958), the sine; a word stands for the middle of its 2⁻³² of the unit interval."""
    u, v = ((word.astype(np.float64) + 0.5) * 2.0**-32 for word in (first, second))
    return np.sqrt(-2 * np.log(u)) * np.sin(2 * np.pi * v)
