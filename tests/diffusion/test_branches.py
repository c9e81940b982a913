"""Adapters beside a small random network, against the same adapters in its weights."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffusion.adapters.schedule import Keyframe, Scheduled, keyframes
from diffusion.branches import attached
from diffusion.checkpoint import open_checkpoint
from diffusion.conditioning import Area, Cond, Conditioning
from diffusion.denoise import Network
from diffusion.device import choose_device
from diffusion.errors import AdapterMismatch
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied
from diffusion.latent import Latent
from diffusion.residency import Residency
from diffusion.sampling import noised, sample
from diffusion.schedules import sigmas_for
from diffusion.sigmas import scaled_linear
from tests.diffusion.adapters import dense
from tests.diffusion.adapters.loras import Loras

TRAINED = scaled_linear()
STRENGTH = 0.7
QUIET = 0.05
"""Times the random adapters: a network of random weights is soon at its limits."""


@pytest.fixture(scope="module")
def loras(tmp_path_factory, tiny_tensors, tiny_metadata) -> Loras:
    base: Path = tmp_path_factory.mktemp("beside")
    (base / "models" / "checkpoints").mkdir(parents=True)
    save_file(tiny_tensors(), base / "models/checkpoints/tiny.safetensors", dict(tiny_metadata))
    written = Loras(base)
    written.folders = ModelFolders(base)
    return written


@pytest.fixture(scope="module")
def residency(loras) -> Residency:
    return Residency(loras.folders, choose_device("cpu"))


@pytest.fixture(scope="module")
def model(loras):
    return open_checkpoint(loras.folders, "tiny.safetensors").model


@pytest.fixture(scope="module")
def files(loras, residency, model):
    """Name → an adapter of every weight that its kind fits, the norms and biases too where it is a difference."""
    written = {}
    weights = {name: target for name, target in residency.targets(model).items() if name.endswith(".weight")}
    for kind, make in {**dense.KINDS, **dense.CONVOLUTIONAL}.items():
        tensors = {}
        for seed, (name, target) in enumerate(weights.items()):
            stem = "lora_unet_" + name.removesuffix(".weight").replace(".", "_")
            if len(target.shape) == 1 or min(target.shape[:2]) < 16:
                if kind == "difference":
                    tensors[f"{stem}.w_norm" if len(target.shape) == 1 else f"{stem}.diff"] = target.shape
                    tensors[f"{stem}.b_norm"] = target.shape[:1]
            elif kind not in dense.CONVOLUTIONAL or len(target.shape) == 4:
                stored = make(seed, target.shape).tensors
                tensors |= {f"{stem}.{suffix}": _quiet(suffix, tensor) for suffix, tensor in stored.items()}
        written[kind] = loras.folders.ref("loras", loras.write(kind.replace("/", " "), tensors))
    return written


LOUD = {
    "lora_up.weight",
    "hada_w1_a",
    "lokr_w1",
    "lokr_w1_a",
    "diff",
    "weight",
    "oft_blocks",
    "boft_R",
    "b1.weight",
    "bias_values",
}


def _quiet(suffix, tensor):
    return tensor * QUIET if suffix in LOUD else tensor


def beside(model, file, text: str):
    return replace(model, scheduled=(Scheduled(file, keyframes(text)),))


def prompt(seed: int, **bounds: object) -> Conditioning:
    return Conditioning((Cond(torch.randn(1, 5, 32, generator=torch.Generator().manual_seed(seed)), **bounds),))


@pytest.fixture
def run(residency):
    def run(model, positive=None, negative=None, latent=None, **changed):
        settings = {"seed": 1, "steps": 4, "cfg": 2.0, "sampler_name": "euler", "scheduler": "normal"} | changed
        start = latent or Latent(torch.zeros(2, 4, 8, 8))
        return sample(residency, model, positive or prompt(1), negative or prompt(2), start, **settings).samples

    return run


def close(got, expected, tolerance=1e-5):
    assert torch.linalg.vector_norm(got - expected) <= tolerance * torch.linalg.vector_norm(expected)


@pytest.mark.parametrize("kind", sorted({**dense.KINDS, **dense.CONVOLUTIONAL}))
def test_an_adapter_beside_the_weights_does_what_it_does_in_them(kind, files, residency, model):
    x, embeds = torch.randn(2, 4, 8, 8), torch.randn(2, 5, 32)
    sigma = TRAINED.values[600]
    with torch.no_grad():
        with residency.resident(model) as module:
            plain = Network(module, TRAINED)(x, sigma, embeds)
        with residency.resident(model.clone(Applied(files[kind], STRENGTH))) as module:
            expected = Network(module, TRAINED)(x, sigma, embeds)
        scheduled = beside(model, files[kind], f"0%: {STRENGTH}")
        with (
            residency.resident(scheduled) as module,
            attached(residency, scheduled, module, []) as branches,
        ):
            network = Network(module, TRAINED, branches=branches)
            got = network(x, sigma, embeds, adapters=[{Applied(files[kind], 1.0): STRENGTH}])
            assert torch.equal(network(x, sigma, embeds), plain)
    assert not torch.allclose(expected, plain, rtol=1e-3)
    close(got, expected)


@pytest.mark.parametrize("kind", ["LoRA", "DoRA per output", "BOFT"])
def test_a_schedule_that_stays_is_the_ordinary_loader(kind, files, run, model):
    got = run(beside(model, files[kind], f"0%: {STRENGTH}, 30%: {STRENGTH}"))
    close(got, run(model.clone(Applied(files[kind], STRENGTH))))


@pytest.mark.parametrize("kind", ["LoRA", "DoRA per output", "BOFT"])
def test_a_schedule_that_switches_is_two_runs_with_a_model_each(kind, files, run, model):
    first = run(model.clone(Applied(files[kind], STRENGTH)), end=2, leave_noise=True)
    second = run(model.clone(Applied(files[kind], -0.4)), latent=Latent(first), start=2, add_noise=False)
    close(run(beside(model, files[kind], f"0%: {STRENGTH}, 50%: -0.4")), second)


def test_a_schedule_counts_the_steps_of_the_whole_run(files, run, model):
    scheduled = beside(model, files["LoRA"], f"0%: {STRENGTH}, 50%: 0")
    first = run(scheduled, end=2, leave_noise=True)
    close(run(scheduled, latent=Latent(first), start=2, add_noise=False), run(scheduled))


def test_one_that_is_scheduled_adds_to_those_in_the_weights(files, run, model):
    below = model.clone(Applied(files["LoHa"], 0.5))
    both = below.clone(Applied(files["DoRA per output"], STRENGTH))
    close(run(beside(below, files["DoRA per output"], f"0%: {STRENGTH}")), run(both))


def test_nothing_of_it_stays_behind(files, run, model):
    before = run(model)
    run(beside(model, files["LoRA"], "0%: 1"))
    assert torch.equal(run(model), before)


def test_strength_0_changes_no_bit(files, run, model):
    assert torch.equal(run(beside(model, files["LoRA"], "0%: 0")), run(model))


@pytest.mark.parametrize("kind", ["LoRA", "LoKr, whole w1", "BOFT"])
def test_an_adapter_of_one_prompt_alone_is_two_models_side_by_side(kind, files, run, residency, model):
    scheduled = Scheduled(files[kind], (Keyframe(0, STRENGTH),))
    changed = model.clone(Applied(files[kind], STRENGTH))
    positive, negative = prompt(1), prompt(2)
    got = run(model, prompt(1, adapters=(scheduled,)), negative)
    sigmas = sigmas_for("normal", TRAINED, 4)
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(2, 4, 8, 8, generator=generator)
    x = noised(torch.zeros_like(noise), noise, sigmas[0], TRAINED)
    embeds = [each.entries[0].embeds.repeat(2, 1, 1) for each in (positive, negative)]
    with torch.no_grad(), residency.resident(changed) as one, residency.resident(model) as other:
        for sigma, after in pairwise(sigmas):
            toward = Network(one, TRAINED)(x, sigma, embeds[0])
            away = Network(other, TRAINED)(x, sigma, embeds[1])
            x = x + (x - (away + 2.0 * (toward - away))) / sigma * (after - sigma)
    close(got, x / 0.18215)


def test_each_area_has_its_prompts_adapters_on_both_sides_of_guidance(files, run, model):
    """Where all of it is one area, the negative prompt stands against it without the positive one's adapter."""
    scheduled = Scheduled(files["LoRA"], (Keyframe(0, STRENGTH),))
    everywhere = Area(0, 0, 1, 1, relative=True)
    got = run(model, prompt(1, adapters=(scheduled,), area=everywhere))
    close(got, run(model, prompt(1, adapters=(scheduled,))))


def test_prompts_of_one_picture_keep_their_adapters_to_themselves(files, run, model):
    """Two areas that share no border the network could carry anything over: each alone gives its half."""
    scheduled = Scheduled(files["LoRA"], (Keyframe(0, STRENGTH),))
    left = {"area": Area(0, 0, 64, 64)}
    right = {"area": Area(64, 0, 64, 64)}
    wide = Latent(torch.zeros(1, 4, 8, 16))

    def drawn(*adapters):
        entries = [
            prompt(seed, adapters=own, **area).entries[0]
            for seed, own, area in zip((1, 3), adapters, (left, right), strict=True)
        ]
        return run(model, Conditioning(tuple(entries)), latent=wide, steps=1)

    both, first, none = drawn((scheduled,), ()), drawn((scheduled,), (scheduled,)), drawn((), ())
    torch.testing.assert_close(both[..., :8], first[..., :8])
    torch.testing.assert_close(both[..., 8:], none[..., 8:])
    assert not torch.allclose(both[..., :8], none[..., :8], rtol=1e-3)


def test_an_adapter_that_changes_nothing_of_the_model_is_refused(loras, run, model):
    stem = "lora_unet_no_such"
    name = loras.write("elsewhere", {f"{stem}.lora_up.weight": (4, 1), f"{stem}.lora_down.weight": (1, 4)})
    with pytest.raises(AdapterMismatch, match=r"loras/elsewhere\.safetensors.*changes nothing of checkpoints/tiny"):
        run(beside(model, loras.folders.ref("loras", name), "0%: 1"))
