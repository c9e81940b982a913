"""A linear map from latents to colors for live previews: fitted on pictures, kept in the checkpoint's metadata."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tools.demo_model.pictures import draw_examples
from tools.demo_model.sampler import DemoModel


def fit_preview(model: DemoModel, *, count: int = 64) -> list[list[float]]:
    """Four rows of red, green and blue and one of offsets: latents as the sampler has them → -1..1."""
    pictures, _, _ = draw_examples(count, 128, 31337)
    with torch.no_grad():
        latents = model.encode_pictures(pictures).cpu()  # (N, 4, 16, 16)
    features = latents.permute(0, 2, 3, 1).reshape(-1, 4).numpy()
    features = np.concatenate([features, np.ones((len(features), 1), np.float32)], 1)
    cells = pictures.reshape(count, 16, 8, 16, 8, 3).mean((2, 4)).reshape(-1, 3) / 127.5 - 1
    rows, *_ = np.linalg.lstsq(features, cells, rcond=None)  # (5, 3)
    return [[round(float(number), 4) for number in row] for row in rows]


def add_preview(checkpoint: Path) -> None:
    """Fit the map on a checkpoint and write it into its metadata; tensors stay as they are."""
    rows = fit_preview(DemoModel(checkpoint))
    with safe_open(checkpoint, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
        metadata = file.metadata()
    unfinished = checkpoint.with_suffix(".part")
    save_file(tensors, unfinished, metadata=metadata | {"patchbay.latent_preview": json.dumps(rows)})
    unfinished.replace(checkpoint)
