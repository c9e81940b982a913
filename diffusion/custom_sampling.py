"""The parts of a run that nodes pass on one by one: noise, sampler, sigmas; free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Variation:
    """Another seed, and how far to go toward its noise: at 0 nothing changes, at 1 the noise is the other's."""

    seed: int
    strength: float


@dataclass(frozen=True, slots=True)
class NoiseSource:
    """How a seed becomes noise. The default is one stream for the whole batch, from torch's CPU generator."""

    philox: bool = False
    """Draw what a CUDA device would draw."""
    per_image: bool = False
    """Image i of a batch has a stream of its own, from seed + i, so that it can be made again alone."""
    variation: Variation | None = None
    """With ``per_image``, all images keep the seed and it is the variation's that counts up."""


CPU_NOISE = NoiseSource()


@dataclass(frozen=True, slots=True)
class Noise:
    """What a run starts from. ``add`` False leaves the latent as it is; the seed still serves the sampler."""

    socket: ClassVar[str] = "NOISE"
    seed: int
    add: bool = True
    source: NoiseSource = CPU_NOISE


@dataclass(frozen=True, slots=True)
class SamplerChoice:
    """A sampler, by the name that `diffusion.names` lists."""

    socket: ClassVar[str] = "SAMPLER"
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Sigmas:
    """The noise levels of a run, high to low."""

    socket: ClassVar[str] = "SIGMAS"
    values: Tensor  # (steps + 1,) float32, on the CPU
