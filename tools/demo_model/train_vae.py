"""Trains the autoencoder: first all of it on crops, later its decoder alone, when latents are already in use."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from tools.demo_model.networks import Sizes, build_vae
from tools.demo_model.optimizer import Optimizer

LATENT_NOISE = 0.06  # a little noise on latents keeps the space smooth without a variance that is learnt
DECODER_NOISE = 0.12  # the decoder also has to forgive the U-Net


@dataclass
class VaePlan:
    minutes: float
    batch: int = 8
    crop: int = 64
    rate: float = 2e-3
    warmup_steps: int = 30
    average: float = 0.98
    max_steps: int | None = None


def new_vae(sizes: Sizes, *, seed: int = 0) -> nn.Module:
    """An autoencoder that starts near the identity: quiet residual branches, orthogonal changes of resolution."""
    torch.manual_seed(seed)
    vae = build_vae(sizes).to(memory_format=torch.channels_last)
    with torch.no_grad():
        for name, weight in vae.named_parameters():
            if name.endswith(("conv2.weight", "to_out.0.weight")):
                weight.zero_()
            elif ("samplers" in name and name.endswith("conv.weight")) or name.endswith("conv_shortcut.weight"):
                mixing = nn.init.orthogonal_(torch.empty(weight.shape[:2]))
                weight.mul_(0.3).add_(mixing[:, :, None, None] / weight[0, 0].numel() ** 0.75)
    return vae


def train_whole(
    vae: nn.Module, pictures: np.ndarray, plan: VaePlan, *, device: str = "cpu", seed: int = 0, log: Callable = print
) -> list[float]:
    """Encoder and decoder on crops of `pictures` (N, H, W, 3); returns the squared error of every step."""
    generator = torch.Generator(device).manual_seed(seed)
    random = np.random.default_rng(seed)
    stored = torch.from_numpy(pictures).to(device)

    def loss() -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(stored), (plan.batch,), generator=generator, device=device)
        top, left = random.integers(0, stored.shape[1] - plan.crop + 1, 2)
        x = as_tensor(stored[chosen, top : top + plan.crop, left : left + plan.crop])
        latents = vae.encode(x).latent_dist.mean
        noise = LATENT_NOISE * torch.randn(latents.shape, generator=generator, device=device)
        error = vae.decode(latents + noise).sample.float() - x
        return reconstruction_loss(error) + 2e-4 * latents.square().mean(), error.detach().square().mean()

    ends = (vae.encoder.conv_in, vae.decoder.conv_out, vae.quant_conv, vae.post_quant_conv)
    return _train(vae, list(ends), loss, plan, device, log)


def train_decoder(
    vae: nn.Module, pictures: np.ndarray, plan: VaePlan, *, device: str = "cpu", seed: int = 0, log: Callable = print
) -> list[float]:
    """The decoder alone on whole pictures: latents that are already in use stay valid."""
    generator = torch.Generator(device).manual_seed(seed)
    stored = torch.from_numpy(pictures).to(device)

    def loss() -> tuple[Tensor, Tensor]:
        x = as_tensor(stored[torch.randint(len(stored), (plan.batch,), generator=generator, device=device)])
        with torch.no_grad():
            latents = vae.encode(x).latent_dist.mean
        noise = DECODER_NOISE * torch.randn(latents.shape, generator=generator, device=device)
        error = vae.decode(latents + noise).sample.float() - x
        return reconstruction_loss(error), error.detach().square().mean()

    decoder = nn.ModuleList([vae.decoder, vae.post_quant_conv])
    return _train(decoder, [vae.decoder.conv_out, vae.post_quant_conv], loss, plan, device, log)


def reconstruction_loss(error: Tensor) -> Tensor:
    """Absolute and squared error, and the error of neighbors' differences, which is what makes edges sharp."""
    across = (error[..., 1:] - error[..., :-1]).abs().mean()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return error.abs().mean() + 2 * error.square().mean() + 0.5 * (across + down)


def as_tensor(pictures: Tensor) -> Tensor:
    """Bytes (N, H, W, 3) → -1..1 (N, 3, H, W)."""
    x = pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    return x.contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def peak_signal_to_noise(vae: nn.Module, pictures: np.ndarray, *, device: str = "cpu", batch: int = 8) -> float:
    """Decibels over all pixels of all pictures together, for pictures of -1..1."""
    errors = []
    for start in range(0, len(pictures), batch):
        x = as_tensor(torch.from_numpy(pictures[start : start + batch]).to(device))
        decoded = vae.decode(vae.encode(x).latent_dist.mean).sample.clamp(-1, 1)
        errors.append((decoded - x).square().mean((1, 2, 3)))
    return float(10 * torch.log10(4 / torch.cat(errors).mean()))


def _train(
    module: nn.Module,
    plain: list[nn.Module],
    loss_of: Callable[[], tuple[Tensor, Tensor]],
    plan: VaePlan,
    device: str,
    log: Callable[[str], None],
) -> list[float]:
    parameters = list(module.parameters())
    optimizer = Optimizer([(parameters, 1.0)], plain=[p for part in plain for p in part.parameters()])
    average = [p.detach().clone() for p in parameters]
    errors: list[Tensor] = []
    begun = time.monotonic()
    while (left := 1 - (time.monotonic() - begun) / (60 * plan.minutes)) > 0 and len(errors) != plan.max_steps:
        rate = plan.rate * min(1.0, (len(errors) + 1) / plan.warmup_steps) * (0.02 + 0.49 * (1 - np.cos(np.pi * left)))
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            loss, error = loss_of()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step(float(rate))
        follow = 1 - min(plan.average, len(errors) / (len(errors) + 10))
        torch._foreach_lerp_(average, [p.detach() for p in parameters], follow)
        errors.append(error)
        if len(errors) % (50 if device == "cpu" else 500) == 0:
            recent = float(torch.stack(errors[-50:]).mean())
            log(f"vae step {len(errors)} error {10 * np.log10(4 / recent):.2f} dB rate {rate:.5f}")
    with torch.no_grad():
        for parameter, mean in zip(parameters, average, strict=True):
            parameter.copy_(mean)
    return [float(error) for error in errors]
