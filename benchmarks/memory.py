"""Peak memory of one picture with a full-size checkpoint, in a fresh process; prints JSON.

    python benchmarks/memory.py [BASE_DIRECTORY] [CHECKPOINT] [--size 256] [--steps 4] [--device cpu] [--dtype auto]

The peak is the process's largest resident set (``ru_maxrss``) in decimal gigabytes; "after" is the resident set when a
stage has ended. Samples: euler, normal schedule, cfg 7, batch 1.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def peak() -> float:
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9


def resident() -> float | None:
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e9 if statm.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("base_directory", nargs="?", type=Path, default=ROOT, help="without one, the repository's own")
    parser.add_argument("checkpoint", nargs="?", help="its name; without one, the first of the folder")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="auto")
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments), indent=1))


def measure(arguments: argparse.Namespace) -> dict[str, object]:
    stages: list[dict[str, object]] = []
    start = [time.perf_counter(), time.process_time()]

    def stage(name: str) -> None:
        now = [time.perf_counter(), time.process_time()]
        seconds = {"seconds": round(now[0] - start[0], 2), "cpu_seconds": round(now[1] - start[1], 2)}
        stages.append(
            {"stage": name, **seconds, "after_gb": resident() and round(resident(), 3), "peak_gb": round(peak(), 3)}
        )
        start[:] = now

    import torch
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL  # noqa: F401
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel  # noqa: F401
    from transformers.models.clip.modeling_clip import CLIPTextModel  # noqa: F401

    from diffusion.checkpoint import open_checkpoint
    from diffusion.device import choose_device
    from diffusion.files.folders import ModelFolders
    from diffusion.latent import Latent
    from diffusion.residency import Residency
    from diffusion.sampling import sample
    from diffusion.text.encode import encode
    from diffusion.vae import decode

    stage("import")
    folders = ModelFolders(arguments.base_directory)
    checkpoint = open_checkpoint(folders, arguments.checkpoint or folders.names("checkpoints")[0])
    residency = Residency(folders, choose_device(arguments.device, arguments.dtype))
    stage("open")
    prompts = [encode(residency, folders, checkpoint.text, text, warn=print) for text in ("a cat on a mat", "blurry")]
    stage("text")
    latent = Latent(torch.zeros(1, 4, arguments.size // 8, arguments.size // 8))
    with residency.resident(checkpoint.model):
        stage("network loaded")
    options = {"seed": 1, "steps": arguments.steps, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal"}
    latent = sample(residency, checkpoint.model, *prompts, latent, **options)
    stage("sampled")
    decode(residency, checkpoint.vae, latent.samples)
    stage("decoded")
    return {
        "checkpoint_gb": round(folders.path(checkpoint.model.weights.file).stat().st_size / 1e9, 3),
        "size": arguments.size,
        "steps": arguments.steps,
        "device": residency.device.type,
        "peak_resident_gb": round(peak(), 3),
        "stages": stages,
    }


if __name__ == "__main__":
    main()
