"""Trains a small ControlNet that draws along Canny edges: `python -m tools.demo_model.train_control --minutes 4`.

It begins as a copy of the shipped U-Net's way down behind convolutions of zeros (Zhang et al. 2023,
arXiv:2302.05543), so that it says nothing yet; everything else stays as it is.
"""

import argparse
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers.models.controlnets.controlnet import ControlNetModel
from safetensors.torch import save_file
from torch import Tensor, nn

from diffusion.canny import canny
from tools.demo_model.attention import NarrowAttention
from tools.demo_model.diffusion_math import loss_weights, noised, signal_shares, spread_times
from tools.demo_model.evaluate import CHECKPOINT
from tools.demo_model.export import metadata
from tools.demo_model.graphed import GraphedPass
from tools.demo_model.layout import control_names, published
from tools.demo_model.networks import Sizes
from tools.demo_model.optimizer import Optimizer
from tools.demo_model.pictures import draw_examples
from tools.demo_model.sampler import DemoModel

FILE = "controlnet/demo-canny.safetensors"
SIZE = 128
HINT_WIDTHS = (16, 32, 64, 96)
DROPPED_CAPTIONS = 0.3  # what no word says has to be read off the edges
HIGHEST_THRESHOLDS = (0.1, 0.8)  # few edges and many: whoever makes a hint chooses
Chunk = tuple[np.ndarray, list[str], np.ndarray]


@dataclass
class Examples:
    """What training draws from, all of it on the device; the last context is that of no words."""

    latents: Tensor  # (N, 4, 16, 16)
    contexts: Tensor  # (N + 1, 77, width)
    edges: Tensor  # (N, 128, 128) bytes, 0 or 1


@dataclass
class ControlPlan:
    until: float  # on time.monotonic's clock
    batch: int = 512
    rate: float = 2e-3
    warmup_steps: int = 40
    max_steps: int | None = None


def draw_with_edges(job: tuple[int, int]) -> Chunk:
    """Pictures (count, 128, 128, 3) of a seed, their captions and edges (count, 128, 128)."""
    count, seed = job
    pictures, captions, _ = draw_examples(count, SIZE, seed)
    lowest, highest = HIGHEST_THRESHOLDS
    thresholds = lowest * (highest / lowest) ** np.random.default_rng(seed).random(count)
    pixels = torch.from_numpy(pictures).float() / 255
    edges = [canny(picture[None], high / 2, high)[0, ..., 0] for picture, high in zip(pixels, thresholds, strict=True)]
    return pictures, captions, torch.stack(edges).byte().numpy()


@torch.no_grad()
def store(model: DemoModel, chunks: Iterable[Chunk]) -> Examples:
    """Encode pictures and captions once."""
    latents, contexts, edges = [], [], []
    for pictures, captions, hints in chunks:
        latents.append(model.encode_pictures(pictures, batch=250))
        contexts.append(model.encode_text(captions))
        edges.append(torch.from_numpy(hints).to(model.device))
    contexts.append(model.encode_text([""]))
    return Examples(torch.cat(latents), torch.cat(contexts), torch.cat(edges))


def new_control(model: DemoModel) -> ControlNetModel:
    """A ControlNet that says nothing yet."""
    control = ControlNetModel.from_unet(model.unet, conditioning_embedding_out_channels=HINT_WIDTHS)
    control.set_attn_processor(NarrowAttention())
    return control.to(model.device, memory_format=torch.channels_last)


def train_control(
    model: DemoModel, control: ControlNetModel, examples: Examples, plan: ControlPlan, *, seed: int, log: Callable
) -> list[float]:
    """Train until the plan's moment, at a rate that falls to zero over the second half; returns the losses."""
    generator = torch.Generator(model.device).manual_seed(seed)
    shares, weights = signal_shares().to(model.device), loss_weights().to(model.device)
    parameters = list(control.parameters())
    edges = (control.conv_in, control.time_embedding, control.controlnet_cond_embedding.conv_in)
    optimizer = Optimizer([(parameters, 1.0)], plain=[p for module in edges for p in module.parameters()])
    backward: Callable = _Pass(model, control)
    losses: list[Tensor] = []
    begun = time.monotonic()
    while (left := plan.until - time.monotonic()) > 0 and len(losses) != plan.max_steps:
        batch = _draw(examples, plan.batch, shares, weights, generator)
        if model.device == "cuda" and not losses:
            backward = GraphedPass(backward, parameters, batch)
        if model.device != "cuda":
            optimizer.zero_grad()
        (loss,) = backward(*batch)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        rise, fall = (len(losses) + 1) / plan.warmup_steps, 2 * left / (plan.until - begun)
        optimizer.step(plan.rate * min(1.0, rise, fall))
        losses.append(loss.clone())
        if len(losses) % 50 == 0:
            recent = float(torch.stack(losses[-50:]).mean())
            log(f"step {len(losses)} loss {recent:.4f} {time.monotonic() - begun:.0f} s")
    return [float(loss) for loss in losses]


class _Pass:
    """Forward and backward: parameters get their gradients on the way; gives the unweighted loss."""

    def __init__(self, model: DemoModel, control: ControlNetModel):
        self.model, self.control = model, control

    def __call__(self, mixed: Tensor, times: Tensor, noise: Tensor, weights: Tensor, context: Tensor, hint: Tensor):
        device = self.model.device
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda", cache_enabled=False):
            down, middle = self.control(mixed, times, context, controlnet_cond=hint, return_dict=False)
            added = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
            predicted = self.model.unet(mixed, times, context, return_dict=False, **added)[0].float()
        errors = (predicted - noise).square().mean((1, 2, 3))
        (errors * weights).mean().backward()
        return (errors.detach().mean(),)


def _draw(
    examples: Examples, size: int, shares: Tensor, weights: Tensor, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """Noised latents, times, noise, weights, contexts and hints (B, 3, 128, 128)."""
    device, count = generator.device, len(examples.latents)
    chosen = torch.randint(count, (size,), generator=generator, device=device)
    dropped = torch.rand(size, generator=generator, device=device) < DROPPED_CAPTIONS
    times = spread_times(size, generator)
    clean = examples.latents[chosen]
    noise = torch.randn(clean.shape, generator=generator, device=device)
    mixed = noised(clean, noise, times, shares).contiguous(memory_format=torch.channels_last)
    hint = examples.edges[chosen, None].float().expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    return mixed, times, noise, weights[times], examples.contexts[chosen.where(~dropped, count)], hint


def save_control(path: Path, control: ControlNetModel, sizes: Sizes, *, training: str) -> None:
    """Write a ControlNet in the published single-file layout, in half precision."""
    names = control_names(control.state_dict(), depth=sizes.unet_depth)
    tensors = published(control.state_dict(), names)
    told = metadata(sizes, SIZE) | {
        "modelspec.architecture": "stable-diffusion-v1/controlnet",
        "modelspec.title": "Patchbay demo: Canny edges",
        "patchbay.training": training,
    }
    for name in [name for name in told if name.startswith(("patchbay.vae.", "patchbay.text."))]:
        del told[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.detach().cpu().half().contiguous() for name, tensor in tensors.items()}, path, told)


def main(arguments: list[str] | None = None) -> None:
    begun = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, help="where to write; the models directory itself if not given")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    parser.add_argument("--pictures", type=int, default=24_000)
    parser.add_argument("--chunk", type=int, default=250, help="pictures that a process draws at a time")
    parser.add_argument("--minutes", type=float, default=4.0, help="for all of it, drawing too")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--steps", type=int, help="stop after so many")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("high")
    torch.manual_seed(options.seed)
    jobs = [(options.chunk, options.seed * 1_000_000 + index) for index in range(options.pictures // options.chunk)]
    with ProcessPoolExecutor(options.workers) as pool:
        chunks = pool.map(draw_with_edges, jobs)
        model = DemoModel(options.models / CHECKPOINT, device=options.device)
        model.unet.to(memory_format=torch.channels_last)
        examples = store(model, chunks)
    print(f"{len(examples.latents)} pictures after {time.monotonic() - begun:.0f} s", flush=True)
    control = new_control(model)
    plan = ControlPlan(begun + 60 * options.minutes, options.batch, options.rate, max_steps=options.steps)
    losses = train_control(model, control, examples, plan, seed=options.seed, log=lambda line: print(line, flush=True))
    training = f"seed {options.seed}, {len(losses)} steps, {len(losses) * options.batch} samples"
    save_control((options.out or options.models) / FILE, control, Sizes(), training=training)
    print(training, flush=True)


if __name__ == "__main__":
    main()
