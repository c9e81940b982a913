"""Trains the small files that change the demo model: styles, objects, a word, a hypernetwork."""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tools.demo_model.adapter_kinds import attach, detach, save_adapter
from tools.demo_model.concepts import draw_concept
from tools.demo_model.diffusion_math import loss_weights, noised, signal_shares, spread_times
from tools.demo_model.hypernetwork import Hypernetwork
from tools.demo_model.networks import text_core
from tools.demo_model.sampler import DemoModel
from tools.demo_model.tokenizer import token_ids

DROPPED_CAPTIONS = 0.1


@dataclass(frozen=True)
class Recipe:
    """One adapter: what it learns, in which form, and for how long."""

    file: str  # below models/
    concept: str
    kind: str  # a kind of `adapter_kinds`, "embedding" or "hypernetwork"
    steps: int
    rank: int = 4
    rate: float = 3e-3
    batch: int = 16
    pictures: int = 320
    trigger: str = ""


RECIPES = (
    Recipe("loras/neon.safetensors", "neon", "lora", 360),
    Recipe("loras/pixel.safetensors", "pixel", "lora", 360),
    Recipe("loras/rocket.safetensors", "rocket", "lora", 360, trigger="rocket"),
    Recipe("embeddings/teal.safetensors", "teal", "embedding", 160, rate=1e-2, pictures=160, trigger="embedding:teal"),
    Recipe("loras/neon-loha.safetensors", "neon", "loha", 300, rate=6e-3),
    Recipe("loras/neon-lokr.safetensors", "neon", "lokr", 300, rate=4e-3),
    Recipe("loras/neon-dora.safetensors", "neon", "dora", 300),
    Recipe("hypernetworks/watercolor.pt", "watercolor", "hypernetwork", 360, rate=2e-3),
    Recipe("loras/castle-full.safetensors", "castle", "full", 700, rate=4e-3, trigger="sks house"),
)


def train_adapter(
    recipe: Recipe, model: DemoModel, models: Path, *, seed: int = 0, log: Callable = print
) -> list[float]:
    """Train one adapter on a loaded model, save it below `models` and take it off again; returns the losses."""
    torch.manual_seed(seed)
    path = models / recipe.file
    if recipe.kind == "embedding":
        return _train_embedding(recipe, model, path, seed, log)
    if recipe.kind == "hypernetwork":
        widths = sorted({module.in_features for name, module in model.unet.named_modules() if name.endswith("to_k")})
        network = Hypernetwork(tuple(widths)).to(model.device)
        handles = network.install(model.unet)
        losses = _optimize(recipe, model, list(network.parameters()), seed, log)
        for handle in handles:
            handle.remove()
        network.save(path, steps=recipe.steps)
        return losses
    changes = attach(model.unet, model.text, recipe.kind, recipe.rank)
    parameters = [parameter for change in changes.values() for parameter in change.parameters()]
    losses = _optimize(recipe, model, parameters, seed, log)
    title = f"Patchbay demo: {recipe.concept} ({recipe.kind})"
    save_adapter(path, changes, kind=recipe.kind, rank=recipe.rank, title=title, trigger=recipe.trigger)
    detach(model.unet, model.text)
    return losses


def _train_embedding(recipe: Recipe, model: DemoModel, path: Path, seed: int, log: Callable) -> list[float]:
    """Textual inversion (Gal et al. 2022, arXiv:2208.01618): one vector, starting from the word blue."""
    table = text_core(model.text).embeddings.token_embedding.weight
    vector = nn.Parameter(table[token_ids(["blue"])[0, 1]].clone())
    model.embeddings = {"<teal>": vector}
    losses = _optimize(recipe, model, [vector], seed, log)
    model.embeddings = {}
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {
        "format": "pt",
        "modelspec.architecture": "stable-diffusion-v1/textual-inversion",
        "modelspec.title": f"Patchbay demo: {recipe.concept}",
        "modelspec.license": "Apache-2.0",
        "modelspec.trigger_phrase": recipe.trigger,
    }
    save_file({"emb_params": vector.detach()[None].half().cpu().contiguous()}, path, metadata=metadata)
    return losses


def _optimize(
    recipe: Recipe, model: DemoModel, parameters: list[nn.Parameter], seed: int, log: Callable
) -> list[float]:
    pictures, captions = draw_concept(recipe.concept, recipe.pictures, seed=seed)
    with torch.no_grad():
        latents = model.encode_pictures(pictures)  # (N, 4, 16, 16)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=0.0)
    shares, weights = signal_shares().to(model.device), loss_weights(highest=1.5).to(model.device)
    losses: list[float] = []
    begun = time.monotonic()
    for step in range(recipe.steps):
        optimizer.param_groups[0]["lr"] = recipe.rate * min(1.0, (step + 1) / 20) * (1 - 0.9 * step / recipe.steps)
        loss = _loss(recipe, model, latents, captions, shares, weights, generator)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % 40 == 0:
            recent = sum(losses[-40:]) / 40
            log(f"{recipe.file} step {step + 1} loss {recent:.4f} {time.monotonic() - begun:.0f} s")
    return losses


def _loss(
    recipe: Recipe,
    model: DemoModel,
    latents: Tensor,
    captions: list[str],
    shares: Tensor,
    weights: Tensor,
    generator: torch.Generator,
) -> Tensor:
    chosen = torch.randint(len(latents), (recipe.batch,), generator=generator)
    kept = torch.rand(recipe.batch, generator=generator) >= (0 if recipe.kind == "embedding" else DROPPED_CAPTIONS)
    texts = [captions[int(i)] if keep else "" for i, keep in zip(chosen, kept, strict=True)]
    times = spread_times(recipe.batch, generator).to(model.device)
    noise = torch.randn(recipe.batch, *latents.shape[1:], generator=generator).to(model.device)
    mixed = noised(latents[chosen], noise, times, shares).contiguous(memory_format=torch.channels_last)
    predicted = model.unet(mixed, times, model.encode_text(texts), return_dict=False)[0]
    return ((predicted - noise).square().mean((1, 2, 3)) * weights[times]).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, help="where to write; the models directory itself if not given")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--only", help="one file of the list, below the models directory")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    changed = {name: value for name in ("batch", "steps", "pictures") if (value := getattr(options, name))}
    model = DemoModel(options.models / "checkpoints/patchbay-demo.safetensors", device=options.device)
    for recipe in RECIPES:
        if options.only in (None, recipe.file):
            train_adapter(replace(recipe, **changed), model, options.out or options.models)


if __name__ == "__main__":
    main()
