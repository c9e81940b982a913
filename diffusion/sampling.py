"""From a model, prompts, a latent and settings to a new latent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import torch
from PIL import Image
from torch import Tensor, nn

from diffusion.branches import Branches, attached
from diffusion.conditioning import Cond, Conditioning
from diffusion.custom_sampling import CPU_NOISE, NoiseSource
from diffusion.damage import cause_of_not_finite
from diffusion.denoise import Guided, Inpainted, Network, Prediction
from diffusion.errors import DiffusionError, NotFinite
from diffusion.guidance import ClassifierFree, Guider, PerpendicularGuidance, RescaleGuidance
from diffusion.handle import ControlHandle, ModelHandle
from diffusion.latent import Latent
from diffusion.noise import start_noise
from diffusion.preview import preview
from diffusion.regions import fitted, regions, repeated
from diffusion.samplers.sampler import Denoiser, sampler
from diffusion.schedules import sigmas_for
from diffusion.sigmas import TrainedSigmas, distilled, scaled_linear, zero_terminal_snr
from diffusion.steering import Nets, resident_nets

if TYPE_CHECKING:
    from diffusion.residency import Residency

GREY = (0.8223, -0.6876, 0.6364, 0.1380)  # what SD's autoencoder makes of grey, in the network's units
Watch = Callable[[int, int, Callable[[], Image.Image | None]], None]
"""(steps done, steps in all, what makes a small picture of where it is going, for who wants to see it)."""


def sample(
    residency: Residency,
    model: ModelHandle,
    positive: Conditioning,
    negative: Conditioning,
    latent: Latent,
    *,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    denoise: float = 1.0,
    start: int = 0,
    end: int | None = None,
    add_noise: bool = True,
    leave_noise: bool = False,
    source: NoiseSource = CPU_NOISE,
    on_step: Watch | None = None,
    stop: Callable[[], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Latent:
    """Denoise a latent along a schedule, from step ``start`` to step ``end`` of it.

    A run that ends early goes to a clean picture all the same, unless ``leave_noise`` is set. ``stop`` is called
    often while the network runs and ends the run by raising. Errors: `NotFinite`, and what ``residency`` raises.
    """
    sigmas = sigmas_for(scheduler, trained_sigmas(model), steps, denoise=denoise, sampler_name=sampler_name)
    return sample_along(
        residency,
        Guider(model, (positive, negative), ClassifierFree(cfg)),
        latent,
        stretch(sigmas, start, end, leave_noise=leave_noise),
        whole=sigmas,
        seed=seed,
        sampler_name=sampler_name,
        add_noise=add_noise,
        source=source,
        on_step=on_step,
        stop=stop,
        warn=warn,
    ).latent


class Sampled(NamedTuple):
    """What a run came to, and the last picture predicted on the way: the same, where the run went to sigma 0."""

    latent: Latent
    denoised: Latent


@torch.no_grad()
def sample_along(
    residency: Residency,
    guider: Guider,
    latent: Latent,
    sigmas: Tensor,
    *,
    whole: Tensor | None = None,
    seed: int,
    sampler_name: str,
    add_noise: bool = True,
    source: NoiseSource = CPU_NOISE,
    on_step: Watch | None = None,
    stop: Callable[[], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Sampled:
    """Denoise a latent along given sigmas. A single one adds its noise and no more; without any nothing is done.

    ``whole`` are those of the run that they are a stretch of, by whose steps adapters are scheduled.
    """
    if not latent.samples.isfinite().all():
        raise NotFinite(
            "The latent to start from holds values that are not numbers: what made it is at fault, not the sampler."
        )
    if not len(sigmas):
        return Sampled(latent, latent)
    model = guider.model
    guider, rescale = _guided_by_model(guider)
    trained, space = trained_sigmas(model), residency.space(model)
    if latent.samples.shape[1] != space.channels:
        raise DiffusionError(
            f"The latent has {latent.samples.shape[1]} channels and the model works on {space.channels}: "
            "they belong to different families of models."
        )
    config = residency.config(model)
    _refuse_misfit(guider.prompts, config.context_width)
    inpaints = config.in_channels > space.channels
    if warn is not None and not inpaints and any(cond.concat is not None for cond in _entries(guider.prompts)):
        warn(
            "A prompt carries a picture with its hole for a model that was trained to inpaint, and this model cannot "
            "see it: it redraws what the latent's mask allows. Load an inpainting checkpoint to use it."
        )
    original = ((latent.samples.float() - space.shift) * space.scale).to(residency.device)
    mask = None
    if latent.mask is not None:
        mask = repeated(fitted(latent.mask.to(original), *original.shape[-2:]), len(original))
    last = original

    def watch(done: int, total: int, denoised: Tensor) -> None:
        nonlocal last
        last = denoised
        _check_finite(denoised, sampler_name, done)
        if on_step is not None:
            on_step(done, total, lambda: preview(denoised, space))

    def steered(module: nn.Module) -> Tensor:
        with (
            resident_nets(residency, model, guider.prompts, stop) as nets,
            attached(residency, model, module, guider.prompts) as branches,
        ):
            return follow(module, nets, branches)

    def follow(module: nn.Module, nets: Nets, branches: Branches) -> Tensor:
        shown = _shown(original, mask) if inpaints else None
        network = Network(module, trained, _prediction(model), shown, nets, branches)
        run = None if whole is None else whole.tolist()
        prompts = regions(guider.prompts, original, space, trained, sigmas.tolist(), model.scheduled, run)
        denoise: Denoiser = Guided(network, prompts, guider.rule, rescale)
        if mask is not None:
            # In DDIM's public form what is kept is not shown with the noise that the run started from.
            again = start_noise(source, original, seed + 1, sigmas).initial if sampler_name == "ddim" else initial
            denoise = Inpainted(denoise, original, mask, again)
        return sampler(sampler_name)(denoise, start, sigmas, noise, watch)

    def finished(x: Tensor) -> Latent:
        return replace(latent, samples=(x / space.scale + space.shift).cpu(), space=space)

    noise = start_noise(source, original, seed, sigmas, latent.batch_index)
    initial = noise.initial if add_noise else torch.zeros_like(original)
    start = noised(original, initial, sigmas[0], trained)
    if len(sigmas) == 1:
        return Sampled(finished(start), finished(start))
    try:
        clean = residency.run(model, steered, stop)
        _check_finite(clean, sampler_name, len(sigmas) - 1)
    except NotFinite as error:
        raise NotFinite(cause_of_not_finite(residency, model, *_nets(guider.prompts)) or str(error)) from error
    return Sampled(finished(clean), finished(last))


def stretch(sigmas: Tensor, start: int = 0, end: int | None = None, *, leave_noise: bool = False) -> Tensor:
    """The part of a run from step ``start`` to step ``end``; nothing where it would start after its end."""
    if end is not None and end < len(sigmas) - 1:
        sigmas = sigmas[: end + 1]
        if not leave_noise:
            sigmas = torch.cat([sigmas[:-1], sigmas.new_zeros(1)])
    return sigmas[start:] if start < len(sigmas) - 1 else sigmas[:0]


def noised(original: Tensor, noise: Tensor, sigma: Tensor, trained: TrainedSigmas) -> Tensor:
    """Where a run starts. At the highest level the picture's own variance is part of what was trained on."""
    highest = bool(sigma > trained.highest * (1 - 1e-5))
    return original + noise * ((1 + sigma**2).sqrt() if highest else sigma)


def trained_sigmas(model: ModelHandle) -> TrainedSigmas:
    """The noise levels a model is sampled at."""
    trained = scaled_linear()
    if model.sampling.zero_terminal_snr:
        trained = zero_terminal_snr(trained)
    return distilled(trained) if _prediction(model) == "lcm" else trained


def _prediction(model: ModelHandle) -> Prediction:
    prediction = model.sampling.prediction or "eps"
    if prediction == "flow":
        raise DiffusionError(f"A model of the family {model.family} cannot be read as predicting a flow.")
    return prediction


def _guided_by_model(guider: Guider) -> tuple[Guider, RescaleGuidance | None]:
    """What becomes of guidance by what the model itself carries. Of several such changes the last counts."""
    if not guider.model.guidance:
        return guider, None
    match guider.model.guidance[-1]:
        case RescaleGuidance() as rescale:
            return guider, rescale
        case PerpendicularGuidance() as perpendicular:
            return perpendicular.instead_of(guider), None
        case other:
            raise DiffusionError(f"The model carries guidance that is not known here: {type(other).__name__}.")


def _entries(prompts: Iterable[Conditioning]) -> list[Cond]:
    return [cond for prompt in prompts for cond in prompt.entries]


def _nets(prompts: Iterable[Conditioning]) -> list[ControlHandle]:
    return [control.net for cond in _entries(prompts) for control in cond.controls]


def _refuse_misfit(prompts: Iterable[Conditioning], width: int) -> None:
    for cond in _entries(prompts):
        if width not in (0, cond.embeds.shape[-1]):  # 0: it listens to no text
            raise DiffusionError(
                f"The prompt is encoded in {cond.embeds.shape[-1]} numbers a token and the model listens to {width}: "
                "encode it by the text encoder of a checkpoint of the model's kind."
            )


def _shown(original: Tensor, mask: Tensor | None) -> Tensor:
    """What an inpainting network sees where its prompt does not say: what the mask keeps, or nothing at all.

    Returns: (B, 1 + C, h, w), the mask first.
    """
    if mask is None:
        grey = torch.tensor(GREY).to(original).reshape(1, -1, 1, 1).expand_as(original)
        return torch.cat([torch.ones_like(original[:, :1]), grey], dim=1)
    return torch.cat([mask.round(), original], dim=1)


def _check_finite(x: Tensor, sampler_name: str, done: int) -> None:
    if not x.isfinite().all():
        raise NotFinite(
            f"After step {done} of {sampler_name} the latent holds values that are not numbers: the model, an adapter "
            "or the precision is at fault. Try it without adapters, or in float32."
        )
