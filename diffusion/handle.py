"""Models as values: whose weights, with which adapters on top. Holding one loads nothing.

A handle holds references alone, so it is hashable, picklable, means the same in another process, and
"is this the same model?" is ``==``. Making one resident is `diffusion.residency`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

if TYPE_CHECKING:
    from diffusion.adapters.schedule import Scheduled
    from diffusion.block_patches import BlockPatch

Component = Literal["model", "text", "vae", "control"]


@dataclass(frozen=True, slots=True)
class FileRef:
    """A model file by its portable name, and what tells one version of it from the next."""

    path: str
    """``<folder>/<name>`` with forward slashes, e.g. ``loras/styles/neon.safetensors``; see `ModelFolders`."""
    identity: str
    """Changes whenever the file is replaced; see `diffusion.files.identity`."""


@dataclass(frozen=True, slots=True)
class File:
    """The pristine weights of one component of a file."""

    file: FileRef
    component: Component


@dataclass(frozen=True, slots=True)
class Applied:
    """An adapter file at a strength. ``options`` are (name, value) pairs, e.g. block weights."""

    adapter: FileRef
    strength: float
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Patched:
    """Adapters on top of weights, in the order they were asked for. "Pristine" for them is ``base``'s value."""

    base: Weights
    stack: tuple[Applied, ...]


@dataclass(frozen=True, slots=True)
class Blend:
    """A weighted sum of weights. ``ratios`` maps a block's name prefix ("" for the rest) to one ratio per part."""

    parts: tuple[Weights, ...]
    ratios: tuple[tuple[str, tuple[float, ...]], ...]


Weights = File | Patched | Blend


def patched(weights: Weights, *applied: Applied) -> Weights:
    """Put adapters on top of weights; on already patched weights the stack grows instead of nesting."""
    if not applied:
        return weights
    if isinstance(weights, Patched):
        return Patched(weights.base, weights.stack + applied)
    return Patched(weights, applied)


@dataclass(frozen=True, slots=True)
class ModelSampling:
    """How a network's answers are read. None means: as the file's family says."""

    prediction: Literal["eps", "v", "x0", "lcm", "flow"] | None = None
    """What it answers: the noise, the velocity, the clean latent, a consistency model's noise, or a flow."""
    zero_terminal_snr: bool | None = None
    shift: float | None = None


@dataclass(frozen=True, slots=True)
class ModelHandle:
    """A denoising network: weights, and how it is sampled and guided."""

    socket: ClassVar[str] = "MODEL"
    weights: Weights
    family: str
    sampling: ModelSampling = ModelSampling()
    guidance: tuple[object, ...] = ()
    block_patches: tuple[BlockPatch, ...] = ()
    scheduled: tuple[Scheduled, ...] = ()
    """Adapters whose strength changes while a picture is made."""

    def clone(self, *adapters: Applied) -> Self:
        """A copy of this instance with more adapters on top. Nothing is computed, this one is untouched."""
        return replace(self, weights=patched(self.weights, *adapters))


@dataclass(frozen=True, slots=True)
class TextHandle:
    """A text encoder. ``skip`` counts layers left out at the end: 0 is the last layer, 1 is "clip skip 2"."""

    socket: ClassVar[str] = "CLIP"
    weights: Weights
    family: str
    skip: int = 0

    def clone(self, *adapters: Applied) -> Self:
        """A copy of this instance with more adapters on top. Nothing is computed, this one is untouched."""
        return replace(self, weights=patched(self.weights, *adapters))


@dataclass(frozen=True, slots=True)
class VaeHandle:
    """An image autoencoder."""

    socket: ClassVar[str] = "VAE"
    weights: Weights
    family: str


@dataclass(frozen=True, slots=True)
class ControlHandle:
    """A ControlNet: a copy of half a network that steers the whole one by a picture."""

    socket: ClassVar[str] = "CONTROL_NET"
    weights: Weights
    family: str
    pooled: bool = False
    """Whether what it says holds for the whole picture rather than for each place, as a "shuffle" one's does."""


@dataclass(frozen=True, slots=True)
class UpscaleHandle:
    """A network that enlarges pictures ``scale`` times."""

    socket: ClassVar[str] = "UPSCALE_MODEL"
    file: FileRef
    scale: int
