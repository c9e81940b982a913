"""Nodes that sample from parts: noise, guider, sampler and sigmas, each a node of its own."""

from typing import Annotated, Literal, NamedTuple

from diffusion.conditioning import Conditioning
from diffusion.custom_sampling import Noise, NoiseSource, SamplerChoice, Sigmas, Variation
from diffusion.guidance import ClassifierFree, Guider
from diffusion.handle import ModelHandle
from diffusion.latent import Latent
from diffusion.runtime import Runtime
from graph.declare import Range, Resource, Tip, node
from graph.reporting import Progress, Warn
from graph.spec import SEED_LIMIT
from nodes.sampling import Denoise, Guidance, SamplerName, Scheduler, SeedValue, Steps

OtherSeed = Annotated[
    int, Range(0, SEED_LIMIT), Tip("The seed to go toward; with a seed per image, this one counts up.")
]
"""No `Seed`, so that setting all seeds of a workflow at once leaves something to vary toward."""


class Denoised(NamedTuple):
    """Where a run ended, and the picture that it last saw in that: not the same where it stops at some noise."""

    output: Latent
    denoised_output: Latent


@node("KSamplerSelect", category="sampling/custom_sampling/samplers")
def choose_sampler(sampler_name: SamplerName = "euler") -> SamplerChoice:
    """A sampler by its name."""
    return SamplerChoice(sampler_name)


@node("RandomNoise", category="sampling/custom_sampling/noise")
def random_noise(noise_seed: SeedValue = 0) -> Noise:
    """The noise of a seed."""
    return Noise(noise_seed)


@node("DisableNoise", category="sampling/custom_sampling/noise")
def no_noise() -> Noise:
    """No noise: to go on from a latent that still holds some."""
    return Noise(0, add=False)


@node("NoiseSource", category="sampling/custom_sampling/noise", title="Noise Source")
def noise_source(
    noise_seed: SeedValue = 0,
    generator: Annotated[
        Literal["cpu", "cuda"],
        Tip("Cuda draws what an NVIDIA card would, on any device: A1111's pictures were made so by default."),
    ] = "cpu",
    seed_per_image: Annotated[
        bool, Tip("Image i of a batch gets the seed plus i, so that it can be made again alone.")
    ] = False,
    variation_seed: OtherSeed = 0,
    variation_strength: Annotated[
        float, Range(0, 1, step=0.01), Tip("0 keeps to the seed, 1 is all of the variation's.")
    ] = 0.0,
) -> Noise:
    """Noise of one's choice: drawn how, per batch or image, and how far toward that of another seed."""
    variation = Variation(variation_seed, variation_strength) if variation_strength else None
    return Noise(noise_seed, source=NoiseSource(generator == "cuda", seed_per_image, variation))


@node("SamplerCustom", category="sampling/custom_sampling")
def sample_custom(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    model: ModelHandle,
    positive: Conditioning,
    negative: Conditioning,
    sampler: SamplerChoice,
    sigmas: Sigmas,
    latent_image: Latent,
    add_noise: Annotated[bool, Tip("Off, to go on from a latent that still holds noise.")] = True,
    noise_seed: SeedValue = 0,
    cfg: Guidance = 8.0,
) -> Denoised:
    """Denoise a latent by a sampler along noise levels of one's own, guided by two prompts."""
    guider = Guider(model, (positive, negative), ClassifierFree(cfg))
    return _sampled(runtime, progress, warn, Noise(noise_seed, add_noise), guider, sampler, sigmas, latent_image)


@node("SamplerCustomAdvanced", category="sampling/custom_sampling")
def sample_parts(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    noise: Noise,
    guider: Guider,
    sampler: SamplerChoice,
    sigmas: Sigmas,
    latent_image: Latent,
) -> Denoised:
    """Denoise a latent; where it starts, what guides it, how it steps and where to all come from other nodes."""
    return _sampled(runtime, progress, warn, noise, guider, sampler, sigmas, latent_image)


@node("KSamplerWithNoise", category="sampling", title="KSampler (Noise Source)")
def sample_from(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    model: ModelHandle,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    noise: Noise,
    steps: Steps = 20,
    cfg: Guidance = 8.0,
    sampler_name: SamplerName = "euler",
    scheduler: Scheduler = "normal",
    denoise: Denoise = 1.0,
) -> Latent:
    """What KSampler does, from noise of one's choice rather than from a seed."""
    from diffusion.sampling import sample

    return sample(
        runtime.residency, model, positive, negative, latent_image,
        seed=noise.seed, steps=steps, cfg=cfg, sampler_name=sampler_name, scheduler=scheduler, denoise=denoise,
        add_noise=noise.add, source=noise.source, on_step=progress, stop=progress.check, warn=warn,
    )  # fmt: skip


def _sampled(
    runtime: Runtime,
    progress: Progress,
    warn: Warn,
    noise: Noise,
    guider: Guider,
    sampler: SamplerChoice,
    sigmas: Sigmas,
    latent: Latent,
) -> Denoised:
    from diffusion.sampling import sample_along

    done = sample_along(
        runtime.residency, guider, latent, sigmas.values,
        seed=noise.seed, sampler_name=sampler.name, add_noise=noise.add, source=noise.source,
        on_step=progress, stop=progress.check, warn=warn,
    )  # fmt: skip
    return Denoised(done.latent, done.denoised)
