import time

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from diffusion.control import open_control_net
from diffusion.files.folders import ModelFolders
from tools.demo_model.evaluate_control import Engine, agreement, edges
from tools.demo_model.layout import control_names, unpublished
from tools.demo_model.pictures import paint
from tools.demo_model.specs import OneShape
from tools.demo_model.train_control import FILE, ControlPlan, draw_with_edges, main, new_control, store, train_control

STAR = OneShape("yellow", "star", "blue", "large")


def test_one_command_trains_a_file_that_the_engine_opens(tmp_path, models):
    command = ["--models", str(models), "--out", str(tmp_path / "models"), "--device", "cpu", "--workers", "1"]
    main([*command, "--pictures", "4", "--chunk", "2", "--batch", "2", "--steps", "1", "--minutes", "9"])
    assert open_control_net(ModelFolders(tmp_path), "demo-canny").family == "sd15"


def test_an_untrained_control_net_says_nothing_and_a_step_gives_it_a_voice(demo):
    examples = store(demo, [draw_with_edges((4, 1))])
    control = new_control(demo)
    hint = examples.edges[:1, None].float().expand(-1, 3, -1, -1)
    asked = (examples.latents[:1], torch.tensor([500]), examples.contexts[:1])

    def said() -> float:
        with torch.no_grad():
            down, middle = control(*asked, controlnet_cond=hint, return_dict=False)
        return max(float(each.abs().max()) for each in (*down, middle))

    assert said() == 0
    before = [weight.clone() for weight in demo.unet.parameters()]
    plan = ControlPlan(time.monotonic() + 60, batch=2, max_steps=1)
    train_control(demo, control, examples, plan, seed=1, log=print)
    assert said() > 0
    assert all(torch.equal(weight, kept) for weight, kept in zip(demo.unet.parameters(), before, strict=True))


def test_the_shipped_file_holds_exactly_the_published_layout(demo, models):
    control, tensors = new_control(demo), load_file(models / FILE)
    names = control_names(control.state_dict(), depth=2)
    assert set(tensors) == set(names.values())
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    control.load_state_dict(unpublished(tensors, names))
    with safe_open(models / FILE, "pt") as file:
        told = file.metadata()
    assert (told["patchbay.unet.attention_heads"], told["patchbay.unet.norm_groups"]) == ("8", "8")
    assert (models / FILE).stat().st_size < 6_000_000


def test_agreement_is_whole_with_itself_and_none_with_nothing():
    hint = edges(paint(STAR, 128, np.random.default_rng(1)))
    assert agreement(hint, hint) == 1
    assert agreement(hint, torch.zeros_like(hint)) == 0
    assert agreement(hint, hint.roll(1, dims=2)) == pytest.approx(1)
    assert agreement(hint, hint.roll(12, dims=2)) < 0.5


def test_the_shipped_file_makes_a_picture_keep_to_its_hint(models):
    engine = Engine(models.parent, "cpu")
    hint = edges(paint(STAR, 128, np.random.default_rng(1))).roll((-8, 6), dims=(1, 2))
    without, steered = (
        agreement(hint, edges(engine.draw("a pink star on a white background", hint, strength, seed=3, steps=12)))
        for strength in (0.0, 1.0)
    )
    assert steered > 0.7 > without
