"""Trains the demo model from nothing: `python -m tools.demo_model.train --work DIR --unet-minutes 60`.

Phases: draw pictures, autoencoder, latents, text encoder, U-Net, export. Each leaves a file in the working directory
and is passed over when its file is there; the U-Net goes on from its state for as many minutes as are asked for.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from tools.demo_model.concepts import CONCEPTS, draw_concept
from tools.demo_model.export import export_checkpoint
from tools.demo_model.networks import Sizes, build_vae
from tools.demo_model.pictures import draw_examples
from tools.demo_model.preview import add_preview
from tools.demo_model.tokenizer import token_ids
from tools.demo_model.train_text import TextPlan, answer_table, train_text
from tools.demo_model.train_unet import Latents, Trainer, UnetPlan
from tools.demo_model.train_vae import VaePlan, as_tensor, new_vae, peak_signal_to_noise, train_whole
from tools.demo_model.vocabulary import Vocabulary

SIZE = 128
CHECKPOINT = "checkpoints/patchbay-demo.safetensors"


@dataclass
class Run:
    """Where a training keeps its files and what it was asked to do."""

    work: Path
    options: argparse.Namespace

    def log(self, line: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {line}"
        print(line, flush=True)
        with (self.work / "log.txt").open("a") as file:
            file.write(line + "\n")

    @property
    def device(self) -> str:
        return self.options.device


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    run = Run(options.work, options)
    torch.set_num_threads(options.threads)
    torch.set_float32_matmul_precision("high")
    sizes = Sizes()
    with ProcessPoolExecutor(options.workers) as pool:
        latents_file, vae_file = run.work / "latents.pt", run.work / "vae.pt"
        chunks = iter(())
        if not latents_file.exists():
            chunk = options.chunk
            counts = [(chunk, options.seed * 1_000_000 + index) for index in range(max(1, options.pictures // chunk))]
            concepts = [] if vae_file.exists() else [(name, options.concept_pictures) for name in CONCEPTS]
            styled = pool.map(_draw_concept, concepts)
            chunks = pool.map(_draw_chunk, counts)
            run.log(f"drawing {len(counts) * chunk} pictures with {options.workers} processes")
        first = _take(chunks, options.vae_pictures // options.chunk)
        if not vae_file.exists():
            pool_pictures = np.concatenate([pictures for pictures, _, _ in first] + list(styled))
            _train_vae(run, sizes, pool_pictures, vae_file)
        if not latents_file.exists():
            _store_latents(run, sizes, [first, chunks], vae_file, latents_file)
    if not (run.work / "text.pt").exists():
        _train_text(run, sizes, latents_file, run.work / "text.pt")
    _train_denoiser(run, sizes, vae_file, latents_file)


def _train_vae(run: Run, sizes: Sizes, pictures: np.ndarray, path: Path) -> None:
    run.log(f"autoencoder on {len(pictures)} pictures")
    vae = new_vae(sizes, seed=run.options.seed).to(run.device)
    plan = VaePlan(run.options.vae_minutes, batch=run.options.vae_batch, crop=run.options.vae_crop)
    plan.max_steps = run.options.vae_steps
    train_whole(vae, pictures, plan, device=run.device, seed=run.options.seed, log=run.log)
    held_out, _, _ = draw_examples(run.options.held_out, SIZE, 999_999_999)
    run.log(f"autoencoder on held-out pictures: {peak_signal_to_noise(vae, held_out, device=run.device):.2f} dB")
    torch.save({name: tensor.cpu().contiguous() for name, tensor in vae.state_dict().items()}, path)


@torch.no_grad()
def _store_latents(run: Run, sizes: Sizes, sources: list, vae_file: Path, path: Path) -> None:
    """Encode every picture once; latents are whitened here and the whitening is folded into the file at export."""
    vae = build_vae(sizes)
    vae.load_state_dict(torch.load(vae_file))
    vae.to(run.device, memory_format=torch.channels_last)
    values, captions, specs = [], [], []
    for pictures, texts, drawn in (chunk for source in sources for chunk in source):
        for start in range(0, len(pictures), 125):
            x = as_tensor(torch.from_numpy(pictures[start : start + 125]).to(run.device))
            values.append(vae.encode(x).latent_dist.mean.contiguous().cpu())
        captions += texts
        specs += drawn
    values = torch.cat(values)  # (N, 4, 16, 16)
    mean, spread = values.mean((0, 2, 3)), values.std((0, 2, 3))
    ids = token_ids(captions)
    words = Vocabulary.of(ids)
    compact = words.compact(ids)
    run.log(
        f"stored {len(values)} latents, deviation {[round(float(s), 2) for s in spread]}, {len(words.row_of)} words"
    )
    content = {
        "values": ((values - mean.view(1, 4, 1, 1)) / spread.view(1, 4, 1, 1)).half(),
        "whitening": (mean, spread),
        "ids": compact.short(),
        "disturbed": words.disturbed(compact, seed=run.options.seed).short(),
        "vocabulary": words.row_of,
        "answers": answer_table(specs).short(),
    }
    torch.save(content, path)


def _train_text(run: Run, sizes: Sizes, latents_file: Path, path: Path) -> None:
    stored = torch.load(latents_file)
    captions = stored["ids"].long(), stored["disturbed"].long(), stored["answers"].long()
    plan = TextPlan(steps=run.options.text_steps, batch=run.options.text_batch)
    words, seed = Vocabulary(stored["vocabulary"]), run.options.seed
    torch.save(train_text(sizes, words, *captions, plan, device=run.device, seed=seed, log=run.log), path)


def _train_denoiser(run: Run, sizes: Sizes, vae_file: Path, latents_file: Path) -> None:
    stored = torch.load(latents_file)
    latents = Latents(stored["values"], stored["ids"].long(), stored["disturbed"].long())
    words, state = Vocabulary(stored["vocabulary"]), run.work / "unet.pt"
    trainer = Trainer(sizes, words, seed=run.options.seed, device=run.device, log=run.log)
    trainer.start_from_text(torch.load(run.work / "text.pt"))
    if state.exists():
        trainer.load_state_dict(torch.load(state))
        run.log(f"going on from step {trainer.step}")
    minutes = run.options.unet_minutes
    if run.options.until:
        minutes = min(minutes, (run.options.until - time.time()) / 60)
    plan = UnetPlan(
        minutes, run.options.decay_minutes, run.options.batch, run.options.rate, average=run.options.average
    )
    plan.max_steps = run.options.unet_steps
    trainer.run(latents, plan, save_to=state)
    run.log(f"{trainer.step} steps, {trainer.samples} samples")
    average = {name: module.state_dict() for name, module in trainer.average.items()}
    export_checkpoint(
        run.options.models / CHECKPOINT,
        sizes=sizes,
        unet=average["unet"],
        text={name: tensor.cpu() for name, tensor in average["text"].items()},
        vae=torch.load(vae_file),
        vocabulary=words,
        whitening=stored["whitening"],
        native_size=SIZE,
        about={"patchbay.training": f"seed {run.options.seed}, {trainer.step} steps, {trainer.samples} samples"},
    )
    add_preview(run.options.models / CHECKPOINT)


def _take(chunks: Iterator, count: int) -> list:
    return [chunk for _, chunk in zip(range(count), chunks, strict=False)]


def _draw_chunk(job: tuple[int, int]):
    count, seed = job
    return draw_examples(count, SIZE, seed)


def _draw_concept(job: tuple[str, int]) -> np.ndarray:
    name, count = job
    return draw_concept(name, count, seed=424242)[0]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="directory for states and the log")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=24_000)
    parser.add_argument("--chunk", type=int, default=500, help="pictures that a process draws at a time")
    parser.add_argument("--held-out", type=int, default=96, help="pictures that the autoencoder is measured on")
    parser.add_argument("--vae-pictures", type=int, default=4_000)
    parser.add_argument(
        "--concept-pictures", type=int, default=100, help="styled pictures of each kind, for the autoencoder"
    )
    parser.add_argument("--vae-minutes", type=float, default=40)
    parser.add_argument("--vae-steps", type=int)
    parser.add_argument("--vae-batch", type=int, default=8)
    parser.add_argument("--vae-crop", type=int, default=64)
    parser.add_argument("--text-steps", type=int, default=600)
    parser.add_argument("--text-batch", type=int, default=128)
    parser.add_argument("--unet-minutes", type=float, default=300)
    parser.add_argument("--decay-minutes", type=float, default=60)
    parser.add_argument("--until", type=float, help="stop the U-Net at this moment, in seconds since 1970")
    parser.add_argument("--unet-steps", type=int)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--average", type=float, default=0.998)
    return parser


if __name__ == "__main__":
    main()
