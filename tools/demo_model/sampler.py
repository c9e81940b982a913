"""Loads a checkpoint into diffusers' modules and samples with twenty Euler steps: the evaluation's own short path.

It stands apart from the engine on purpose, so that the model's quality is measured by something simple.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor, nn

from tools.demo_model.diffusion_math import STEPS, signal_shares
from tools.demo_model.layout import text_names, unet_names, unpublished, vae_names
from tools.demo_model.networks import LATENT_SCALE, Sizes, build_text, build_unet, build_vae, text_core
from tools.demo_model.tokenizer import token_ids


class DemoModel:
    """The three networks of a checkpoint, in fp32; adapters change their weights in place."""

    def __init__(self, path: Path, *, sizes: Sizes | None = None, device: str = "cpu"):
        sizes = sizes or Sizes()
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - it is no dictionary
            self.metadata = file.metadata()
        self.device = device
        self.unet, self.vae, self.text = build_unet(sizes), build_vae(sizes), build_text(sizes)
        _fill(self.unet, tensors, unet_names(self.unet.state_dict(), depth=sizes.unet_depth))
        _fill(self.vae, tensors, vae_names(self.vae.state_dict()))
        _fill(self.text, tensors, text_names(self.text.state_dict()))
        for module in (self.unet, self.vae, self.text):
            module.eval().requires_grad_(False).to(device)
        self.embeddings: dict[str, Tensor] = {}  # placeholder word → (width,)

    def encode_text(self, captions: Sequence[str]) -> Tensor:
        """(N, 77, width); words in `embeddings` take the place of a token."""
        known = dict.fromkeys(self.embeddings)
        placeholders = {word: -1 - index for index, word in enumerate(known)}
        ids = token_ids(captions, placeholders=placeholders).to(self.device)
        if not placeholders:
            return self.text(input_ids=ids).last_hidden_state
        table = text_core(self.text).embeddings.token_embedding
        vectors = table.weight[ids.clamp(min=0)]
        for word, code in placeholders.items():
            vectors = torch.where((ids == code)[..., None], self.embeddings[word].to(self.device), vectors)
        hook = table.register_forward_hook(lambda *_: vectors)
        try:
            return self.text(input_ids=ids.clamp(min=0)).last_hidden_state
        finally:
            hook.remove()

    def encode_pictures(self, pictures: np.ndarray, *, batch: int = 16) -> Tensor:
        """Bytes (N, H, W, 3) → latents as the U-Net sees them (N, 4, H/8, W/8)."""
        parts = []
        for start in range(0, len(pictures), batch):
            x = torch.from_numpy(pictures[start : start + batch]).permute(0, 3, 1, 2).float().to(self.device)
            parts.append(self.vae.encode(x / 127.5 - 1).latent_dist.mean * LATENT_SCALE)
        return torch.cat(parts)

    def decode(self, latents: Tensor, *, batch: int = 16) -> np.ndarray:
        parts = [self.vae.decode(part / LATENT_SCALE).sample for part in latents.split(batch)]
        return ((torch.cat(parts).clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()

    @torch.no_grad()
    def sample(
        self,
        captions: Sequence[str],
        *,
        size: int = 128,
        steps: int = 20,
        cfg: float = 4.0,
        seed: int = 0,
        negative: str = "",
        batch: int = 32,
    ) -> np.ndarray:
        """Pictures (N, size, size, 3); picture i starts from the noise of seed + i, whatever the batch."""
        noise = [
            torch.randn(4, size // 8, size // 8, generator=torch.Generator().manual_seed(seed + i))
            for i in range(len(captions))
        ]
        noise = torch.stack(noise).to(self.device)
        results = []
        for start in range(0, len(captions), batch):
            chosen = captions[start : start + batch]
            context = torch.cat([self.encode_text([negative] * len(chosen)), self.encode_text(chosen)])
            results.append(self._euler(noise[start : start + batch], context, steps, cfg))
        return self.decode(torch.cat(results))

    def _euler(self, noise: Tensor, context: Tensor, steps: int, cfg: float) -> Tensor:
        """Euler's method on Karras' form (Karras et al. 2022, arXiv:2206.00364), times evenly spread."""
        shares = signal_shares().to(self.device)
        times = torch.linspace(STEPS - 1, 0, steps + 1, device=self.device)[:-1].round().long()
        sigmas = ((1 - shares[times]) / shares[times]).sqrt()
        sigmas = torch.cat([sigmas, sigmas.new_zeros(1)])
        x = noise * (sigmas[0] ** 2 + 1).sqrt()
        for time, sigma, following in zip(times, sigmas, sigmas[1:], strict=False):
            scaled = (x / (sigma**2 + 1).sqrt()).contiguous(memory_format=torch.channels_last)
            both = self.unet(torch.cat([scaled, scaled]), time, context, return_dict=False)[0]
            without, with_text = both.chunk(2)
            x = x + (following - sigma) * (without + cfg * (with_text - without))
        return x


def _fill(module: nn.Module, tensors: Mapping[str, Tensor], names: Mapping[str, str]) -> None:
    module.load_state_dict(unpublished(tensors, names), strict=False)
    missing = set(module.state_dict()) - set(names) - {"embeddings.position_ids", "text_model.embeddings.position_ids"}
    if missing:
        raise ValueError(f"the checkpoint lacks {json.dumps(sorted(missing)[:3])} and {len(missing)} in all")
