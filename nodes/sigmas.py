"""Nodes that say at which noise levels a run steps."""

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from diffusion.custom_sampling import Sigmas
from diffusion.handle import ModelHandle
from graph.declare import Range, Tip, node
from nodes.sampling import Scheduler, Steps

if TYPE_CHECKING:
    from torch import Tensor

Highest = Annotated[float, Range(0, 5000, step=0.01), Tip("The noise level of the first step.")]
Lowest = Annotated[float, Range(0, 5000, step=0.01), Tip("The noise level before the step to none at all.")]
Bend = Annotated[float, Range(0, 100, step=0.01), Tip("The more, the more of the steps are at little noise.")]
Denoise = Annotated[
    float, Range(0, 1, step=0.01), Tip("Below 1 the steps are spent on the last part; at 0 there are none.")
]
HIGHEST, LOWEST = 14.614642, 0.0291675  # what Stable Diffusion 1.x was trained at


@node("BasicScheduler", category="sampling/custom_sampling/schedulers")
def basic(model: ModelHandle, scheduler: Scheduler = "normal", steps: Steps = 20, denoise: Denoise = 1.0) -> Sigmas:
    """The noise levels of a schedule by its name, over the range that a model was trained at."""
    from diffusion.sampling import trained_sigmas
    from diffusion.schedules import sigmas_for

    return Sigmas(sigmas_for(scheduler, trained_sigmas(model), steps, denoise=denoise)[-(steps + 1) :])


@node("KarrasScheduler", category="sampling/custom_sampling/schedulers")
def karras(steps: Steps = 20, sigma_max: Highest = HIGHEST, sigma_min: Lowest = LOWEST, rho: Bend = 7.0) -> Sigmas:
    """Noise levels by Karras et al. (2022): more steps where there is little noise."""
    from diffusion.custom_sigmas import karras_between

    return Sigmas(karras_between(steps, sigma_max, sigma_min, rho))


@node("ExponentialScheduler", category="sampling/custom_sampling/schedulers")
def exponential(steps: Steps = 20, sigma_max: Highest = HIGHEST, sigma_min: Lowest = LOWEST) -> Sigmas:
    """Noise levels that each are the same part of the one before."""
    from diffusion.custom_sigmas import polyexponential

    return Sigmas(polyexponential(steps, sigma_max, sigma_min))


@node("PolyexponentialScheduler", category="sampling/custom_sampling/schedulers")
def polyexponential(
    steps: Steps = 20, sigma_max: Highest = HIGHEST, sigma_min: Lowest = LOWEST, rho: Bend = 1.0
) -> Sigmas:
    """Noise levels whose logarithm follows a power; at a rho of 1 they are those of the ExponentialScheduler."""
    from diffusion.custom_sigmas import polyexponential

    return Sigmas(polyexponential(steps, sigma_max, sigma_min, rho))


@node("LaplaceScheduler", category="sampling/custom_sampling/schedulers")
def laplace(
    steps: Steps = 20,
    sigma_max: Highest = HIGHEST,
    sigma_min: Lowest = LOWEST,
    mu: Annotated[
        float, Range(-10, 10, step=0.1), Tip("The logarithm of the level around which most steps are.")
    ] = 0.0,
    beta: Annotated[float, Range(0, 10, step=0.1), Tip("How widely the steps lie around it.")] = 0.5,
) -> Sigmas:
    """Noise levels that crowd around one of them, as a Laplace distribution does."""
    from diffusion.custom_sigmas import laplace

    return Sigmas(laplace(steps, sigma_max, sigma_min, mu, beta))


@node("VPScheduler", category="sampling/custom_sampling/schedulers")
def variance_preserving(
    steps: Steps = 20,
    beta_d: Annotated[float, Range(0, 5000, step=0.01), Tip("How much faster noise comes at the end.")] = 19.9,
    beta_min: Annotated[float, Range(0, 5000, step=0.01), Tip("How fast noise comes at the start.")] = 0.1,
    eps_s: Annotated[float, Range(0, 1, step=0.0001), Tip("The time of the last level, where 0 is no noise.")] = 0.001,
) -> Sigmas:
    """Noise levels of the variance-preserving process of Song et al. (2021), evenly spaced in time."""
    from diffusion.custom_sigmas import variance_preserving

    return Sigmas(variance_preserving(steps, beta_d, beta_min, eps_s))


@node("SDTurboScheduler", category="sampling/custom_sampling/schedulers")
def turbo(
    model: ModelHandle,
    steps: Annotated[int, Range(1, 10), Tip("Turbo models need one to four.")] = 1,
    denoise: Annotated[float, Range(0, 1, step=0.01), Tip("Below 1 the first of the ten levels are left out.")] = 1.0,
) -> Sigmas:
    """The noise levels that SD Turbo and its relatives were distilled for."""
    from diffusion.custom_sigmas import turbo
    from diffusion.sampling import trained_sigmas

    return Sigmas(turbo(trained_sigmas(model), steps, denoise))


@node("BetaSamplingScheduler", category="sampling/custom_sampling/schedulers")
def beta(
    model: ModelHandle,
    steps: Steps = 20,
    alpha: Annotated[float, Range(0, 50, step=0.01), Tip("The less, the more of the steps are at little noise.")] = 0.6,
    beta: Annotated[float, Range(0, 50, step=0.01), Tip("The less, the more of the steps are at much noise.")] = 0.6,
) -> Sigmas:
    """Noise levels at the quantiles of a Beta distribution: most steps at the start and the end."""
    from diffusion.errors import DiffusionError
    from diffusion.sampling import trained_sigmas
    from diffusion.schedules import beta as beta_schedule

    if not (alpha and beta):
        raise DiffusionError("A Beta distribution needs an alpha and a beta above 0.")
    return Sigmas(beta_schedule(trained_sigmas(model), steps, alpha, beta))


@node("AlignYourStepsScheduler", category="sampling/custom_sampling/schedulers")
def align_your_steps(
    model_type: Annotated[Literal["SD1", "SDXL", "SVD"], Tip("The family the levels were found for.")] = "SD1",
    steps: Annotated[int, Range(1, 10000), Tip("Ten are published; others are put between them.")] = 10,
    denoise: Denoise = 1.0,
) -> Sigmas:
    """The noise levels that Sabour et al. (2024) found best for a family of models in ten steps."""
    from diffusion.custom_sigmas import align_your_steps

    return Sigmas(align_your_steps(steps, denoise, model_type))


class Parts(NamedTuple):
    """The first steps of a run, and those after them."""

    high_sigmas: Sigmas
    low_sigmas: Sigmas


@node("SplitSigmas", category="sampling/custom_sampling/sigmas")
def split(
    sigmas: Sigmas, step: Annotated[int, Range(0, 10000), Tip("How many steps the first part has.")] = 0
) -> Parts:
    """Cut a run in two, for two samplers, models or prompts one after the other."""
    from diffusion.custom_sigmas import split

    return _parts(split(sigmas.values, step))


@node("SplitSigmasDenoise", category="sampling/custom_sampling/sigmas")
def split_for(
    sigmas: Sigmas,
    denoise: Annotated[float, Range(0, 1, step=0.01), Tip("The share of the steps that the second part has.")] = 1.0,
) -> Parts:
    """Cut a run in two by the share of its steps that are left for the second part."""
    from diffusion.custom_sigmas import split_for

    return _parts(split_for(sigmas.values, denoise))


@node("FlipSigmas", category="sampling/custom_sampling/sigmas")
def flip(sigmas: Sigmas) -> Sigmas:
    """The same noise levels upwards, to turn a picture into the noise that it comes from."""
    from diffusion.custom_sigmas import flipped

    return Sigmas(flipped(sigmas.values))


def _parts(parts: "tuple[Tensor, Tensor]") -> Parts:
    first, second = parts
    return Parts(Sigmas(first), Sigmas(second))
