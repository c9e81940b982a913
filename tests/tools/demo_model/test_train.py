"""The whole chain at a tiny size, and the proof that a training can be repeated."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tools.demo_model.manifest import MODELS
from tools.demo_model.networks import Sizes
from tools.demo_model.pictures import draw_examples
from tools.demo_model.tokenizer import token_ids
from tools.demo_model.train import main
from tools.demo_model.train_adapters import RECIPES
from tools.demo_model.train_text import TextPlan, answer_table, train_text
from tools.demo_model.train_unet import Latents, Trainer, UnetPlan
from tools.demo_model.train_vae import VaePlan, new_vae, train_whole
from tools.demo_model.vocabulary import Vocabulary

FIRST_LOSSES = Path(__file__).with_name("first_losses.json")
STEPS = 3


def first_losses() -> dict[str, list[float]]:
    """The first steps of each phase, with the sizes of the shipped model and seed 1."""
    pictures, captions, specs = draw_examples(12, 64, 1_000_000)
    vae = new_vae(Sizes(), seed=1)
    plan = VaePlan(minutes=60, batch=2, max_steps=STEPS)
    autoencoder = train_whole(vae, pictures, plan, seed=1)
    ids = token_ids(captions)
    words = Vocabulary.of(ids)
    compact = words.compact(ids)
    disturbed = words.disturbed(compact, seed=1)
    lines: list[str] = []
    text_plan = TextPlan(steps=50, batch=8)
    text = train_text(Sizes(), words, compact, disturbed, answer_table(specs), text_plan, seed=1, log=lines.append)
    random = torch.Generator().manual_seed(1)
    latents = Latents(torch.randn(12, 4, 16, 16, generator=random), compact, disturbed)
    trainer = Trainer(Sizes(), words, seed=1)
    trainer.start_from_text(text)
    denoiser = trainer.run(latents, UnetPlan(minutes=60, batch=4, max_steps=STEPS))
    return {"autoencoder": autoencoder, "text": [float(lines[-1].split()[4])], "denoiser": denoiser}


def test_a_short_run_reproduces_its_first_losses():
    recorded, measured = json.loads(FIRST_LOSSES.read_text()), first_losses()
    for phase, losses in recorded.items():
        np.testing.assert_allclose(measured[phase], losses, rtol=0.02)


def test_one_command_trains_from_nothing_and_goes_on_where_it_stopped(tmp_path):
    command = ["--work", str(tmp_path / "work"), "--models", str(tmp_path / "models"), "--device", "cpu"]
    command += ["--workers", "1", "--chunk", "4", "--pictures", "8", "--vae-pictures", "4", "--concept-pictures", "1"]
    command += ["--held-out", "2", "--vae-steps", "1", "--vae-batch", "2", "--text-steps", "1", "--text-batch", "4"]
    command += ["--unet-minutes", "9", "--unet-steps", "1", "--batch", "2"]
    main(command)
    main(command)
    log = (tmp_path / "work" / "log.txt").read_text()
    assert log.count("autoencoder on held-out pictures") == 1
    assert "going on from step 1" in log
    assert "2 steps, 4 samples" in log
    assert (tmp_path / "models" / "checkpoints" / "patchbay-demo.safetensors").exists()


def test_a_resumed_training_has_its_optimizer_and_average(tmp_path):
    words = Vocabulary.of(torch.tensor([[320, 736]]))
    ids = words.compact(torch.full((4, 77), 320))
    latents = Latents(torch.randn(4, 4, 8, 8), ids, ids)
    small = Sizes(unet_widths=(32, 32, 32, 32), unet_depth=1, text_layers=1)
    trainer = Trainer(small, words, seed=1)
    trainer.run(latents, UnetPlan(minutes=9, batch=2, max_steps=2), save_to=tmp_path / "state.pt")
    resumed = Trainer(small, words, seed=1)
    resumed.load_state_dict(torch.load(tmp_path / "state.pt"))
    plan = UnetPlan(minutes=9, batch=2, max_steps=1)
    assert resumed.run(latents, plan) == pytest.approx(trainer.run(latents, plan), rel=1e-5)


def test_every_recipe_has_its_shipped_file():
    assert all((MODELS / recipe.file).exists() for recipe in RECIPES)
