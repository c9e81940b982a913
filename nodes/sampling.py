"""Nodes that denoise."""

from typing import Annotated, Literal

from diffusion.conditioning import Conditioning
from diffusion.handle import ModelHandle
from diffusion.latent import Latent
from diffusion.runtime import Runtime
from graph.declare import Choice, Range, Resource, Seed, Tip, node
from graph.reporting import Progress, Warn

SeedValue = Annotated[int, Seed(), Tip("The same seed, the same picture.")]
Steps = Annotated[int, Range(1, 10000), Tip("More steps take longer and change the picture less and less.")]
Guidance = Annotated[
    float, Range(0, 100, step=0.1), Tip("How closely to follow the prompt; 1 leaves the negative out.")
]
SamplerName = Annotated[str, Choice("samplers"), Tip("How the steps are taken.")]
Scheduler = Annotated[str, Choice("schedulers"), Tip("How noise falls from step to step.")]
Denoise = Annotated[float, Range(0, 1, step=0.01), Tip("1 starts from noise, less keeps some of the latent.")]


@node("KSampler", category="sampling")
def sample(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    model: ModelHandle,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    seed: SeedValue = 0,
    steps: Steps = 20,
    cfg: Guidance = 8.0,
    sampler_name: SamplerName = "euler",
    scheduler: Scheduler = "normal",
    denoise: Denoise = 1.0,
) -> Latent:
    """Denoise a latent, guided toward the positive prompt and away from the negative one."""
    from diffusion.sampling import sample

    return sample(
        runtime.residency, model, positive, negative, latent_image,
        seed=seed, steps=steps, cfg=cfg, sampler_name=sampler_name, scheduler=scheduler, denoise=denoise,
        on_step=progress, stop=progress.check, warn=warn,
    )  # fmt: skip


Toggle = Literal["enable", "disable"]


@node("KSamplerAdvanced", category="sampling", title="KSampler (Advanced)")
def sample_steps(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    model: ModelHandle,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    add_noise: Annotated[Toggle, Tip("Disable to go on from a latent that still holds noise.")] = "enable",
    noise_seed: SeedValue = 0,
    steps: Steps = 20,
    cfg: Guidance = 8.0,
    sampler_name: SamplerName = "euler",
    scheduler: Scheduler = "normal",
    start_at_step: Annotated[int, Range(0, 10000), Tip("Steps before it are left out.")] = 0,
    end_at_step: Annotated[int, Range(0, 10000), Tip("It and the steps after it are left out.")] = 10000,
    return_with_leftover_noise: Annotated[Toggle, Tip("Enable to stop early and hand the noise on.")] = "disable",
) -> Latent:
    """Take some of the steps of a schedule, so that one picture can pass through several samplers."""
    from diffusion.sampling import sample

    return sample(
        runtime.residency, model, positive, negative, latent_image,
        seed=noise_seed, steps=steps, cfg=cfg, sampler_name=sampler_name, scheduler=scheduler,
        start=start_at_step, end=end_at_step,
        add_noise=add_noise == "enable", leave_noise=return_with_leftover_noise == "enable",
        on_step=progress, stop=progress.check, warn=warn,
    )  # fmt: skip
