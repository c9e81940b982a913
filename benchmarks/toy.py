"""The analytic denoiser that the sampler goldens were made with, and a run of any sampler on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from diffusion.denoise import Inpainted
from diffusion.noise import SeededNoise
from diffusion.samplers.sampler import Denoiser, sampler
from diffusion.schedules import sigmas_for
from diffusion.sigmas import TrainedSigmas, scaled_linear

GOLDENS = Path(__file__).parents[1] / "tests" / "golden" / "toy_samplers.safetensors"
SEED = 7


@dataclass(frozen=True)
class Toy:
    """Two smooth functions in the place of a positive and a negative prompt, guided at 2."""

    trained: TrainedSigmas

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        return self.pair(x, sigma)[0]

    def pair(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        scaled = x / (sigma**2 + 1).sqrt()
        positive = 0.8 * scaled.tanh() + 0.1 * (3 * scaled).sin() + 0.05
        negative = 0.7 * scaled.tanh() - 0.03
        return negative + 2 * (positive - negative), negative


def goldens() -> dict[str, Tensor]:
    """``sampler/karras/4/plain|masked``, and the ``noise``, ``latent`` and ``mask`` they were made from."""
    return load_file(GOLDENS)


def run_toy(
    name: str, given: Mapping[str, Tensor], *, masked: bool, scheduler: str = "karras", steps: int = 4
) -> Tensor:
    """Run a sampler from the goldens' noise, or with ``masked`` from their latent, kept where their mask is 0."""
    trained = scaled_linear()
    sigmas = sigmas_for(scheduler, trained, steps, sampler_name=name)
    x = given["noise"] * (1 + sigmas[0] ** 2).sqrt()
    denoise: Denoiser = Toy(trained)
    if masked:
        x = x + given["latent"]
        denoise = Inpainted(denoise, given["latent"], given["mask"], given["noise"])
    return sampler(name)(denoise, x, sigmas, SeededNoise(x, SEED, sigmas), lambda *_: None)


def toy_error(name: str, given: Mapping[str, Tensor], *, masked: bool) -> float:
    """How far a sampler is from its golden: |got − golden| / |golden|."""
    golden = given[f"{name}/karras/4/{'masked' if masked else 'plain'}"]
    return float((run_toy(name, given, masked=masked) - golden).norm() / golden.norm())
