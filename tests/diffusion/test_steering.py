"""Small random ControlNets, their zero convolutions not zero, beside the small random checkpoint."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from diffusion.checkpoint import open_checkpoint
from diffusion.conditioning import Area, Cond, Conditioning, Span
from diffusion.control import Control, open_control_net
from diffusion.device import choose_device
from diffusion.errors import DiffusionError
from diffusion.families.control_net import ControlConfig
from diffusion.files.folders import ModelFolders
from diffusion.handle import ControlHandle
from diffusion.latent import SD15_SPACE, Latent
from diffusion.regions import regions
from diffusion.residency import Residency
from diffusion.sampling import sample
from diffusion.sigmas import scaled_linear
from diffusion.steering import resident_nets, residuals

TRAINED = scaled_linear()
HINT = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(3))
UNTRAINED = ControlHandle(None, "sd15")  # for what never runs it


@pytest.fixture(scope="module")
def folders(tmp_path_factory, tiny_tensors, tiny_configs, tiny_metadata) -> ModelFolders:
    base = tmp_path_factory.mktemp("controlled")
    for folder in ("checkpoints", "controlnet"):
        (base / "models" / folder).mkdir(parents=True)
    save_file(tiny_tensors(), base / "models/checkpoints/tiny.safetensors", dict(tiny_metadata))
    small = ControlConfig(tiny_configs["model"], 3, (4, 4, 8, 8))
    wide = replace(small, unet=replace(small.unet, widths=(16, 48)))
    for name, config, seed in (("edges", small, 1), ("depth", small, 2), ("shuffle", small, 1), ("wide", wide, 1)):
        tensors = tiny_tensors({"control": config}, seed)
        save_file(tensors, base / f"models/controlnet/{name}.safetensors", dict(tiny_metadata))
    return ModelFolders(base)


@pytest.fixture(scope="module")
def residency(folders) -> Residency:
    return Residency(folders, choose_device("cpu"))


@pytest.fixture(scope="module")
def model(folders):
    return open_checkpoint(folders, "tiny.safetensors").model


@pytest.fixture(scope="module")
def edges(folders) -> ControlHandle:
    return open_control_net(folders, "edges")


@pytest.fixture(scope="module")
def depth(folders) -> ControlHandle:
    return open_control_net(folders, "depth")


def prompt(seed: int, *controls: Control, **bounds: object) -> Conditioning:
    embeds = torch.randn(1, 5, 32, generator=torch.Generator().manual_seed(seed))
    return Conditioning((Cond(embeds, controls=controls, **bounds),))


@pytest.fixture
def run(residency, model):
    def run(positive, negative=None, batch=1, **changed):
        settings = {"seed": 1, "steps": 2, "cfg": 2.0, "sampler_name": "euler", "scheduler": "normal"} | changed
        latent = Latent(torch.zeros(batch, 4, 8, 8))
        return sample(residency, model, positive, negative or prompt(2), latent, **settings).samples

    return run


def prepared(*prompts: Conditioning, batch: int = 1, size: tuple[int, int] = (8, 8)):
    return regions(prompts, torch.zeros(batch, 4, *size), SD15_SPACE, TRAINED)


@torch.no_grad()
def test_residuals_are_what_a_direct_call_gives_times_the_strength(residency, model, edges, depth):
    x, time, embeds = torch.randn(2, 4, 8, 8), torch.tensor([500.0, 500.0]), torch.randn(2, 5, 32)
    both = prompt(1, Control(edges, HINT, 0.5), Control(depth, 1 - HINT, 2.0))
    [[region]] = prepared(both, batch=2)
    with resident_nets(residency, model, [both], None) as nets:
        got = residuals(nets, x, time, embeds, [region.controls], torch.float32)
        first, second = (
            nets[net](x, time, embeds, hint.movedim(-1, 1).repeat(2, 1, 1, 1), return_dict=False)
            for net, hint in ((edges, HINT), (depth, 1 - HINT))
        )
    for ours, a, b in zip(got["down_block_additional_residuals"], first[0], second[0], strict=True):
        torch.testing.assert_close(ours, 0.5 * a + 2 * b)
    torch.testing.assert_close(got["mid_block_additional_residual"], 0.5 * first[1] + 2 * second[1])


@torch.no_grad()
def test_of_a_batch_only_the_steered_part_is_steered(residency, model, edges):
    x, time, embeds = torch.randn(2, 4, 8, 8), torch.tensor([500.0, 500.0]), torch.randn(2, 5, 32)
    steered = prompt(1, Control(edges, HINT))
    [[region]] = prepared(steered)
    with resident_nets(residency, model, [steered], None) as nets:
        got = residuals(nets, x, time, embeds, [(), region.controls], torch.float32)
        alone = residuals(nets, x[1:], time[1:], embeds[1:], [region.controls], torch.float32)
    name = "down_block_additional_residuals"
    for whole, part in zip(got[name], alone[name], strict=True):
        assert not whole[0].any()
        torch.testing.assert_close(whole[1:], part)


@torch.no_grad()
def test_one_step_is_the_network_with_diffusers_own_arguments(residency, model, edges):
    control, embeds = Control(edges, HINT, 0.7), prompt(1).entries[0].embeds
    settings = {"seed": 5, "steps": 1, "cfg": 1.0, "sampler_name": "euler", "scheduler": "normal"}
    final = sample(residency, model, prompt(1, control), prompt(2), Latent(torch.zeros(1, 4, 8, 8)), **settings)
    sigma = TRAINED.values[-1]
    noise = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(5))
    x = noise * (1 + sigma**2).sqrt()
    scaled, time = x / (sigma**2 + 1).sqrt(), TRAINED.time(sigma).expand(1)
    with residency.resident(model) as unet, residency.resident(edges) as net:
        down, middle = net(scaled, time, embeds, HINT.movedim(-1, 1), conditioning_scale=0.7, return_dict=False)
        answer = unet(
            scaled, time, embeds, down_block_additional_residuals=down, mid_block_additional_residual=middle
        ).sample
    torch.testing.assert_close(final.samples * SD15_SPACE.scale, x - sigma * answer, rtol=1e-4, atol=1e-4)


def test_strength_0_is_none_bit_for_bit(run, edges):
    assert torch.equal(run(prompt(1, Control(edges, HINT, 0.0))), run(prompt(1)))


def test_steering_changes_the_picture_and_so_does_the_hint(run, edges):
    plain, steered, otherwise = (
        run(prompt(1)),
        run(prompt(1, Control(edges, HINT))),
        run(prompt(1, Control(edges, 1 - HINT))),
    )
    assert not torch.allclose(plain, steered, atol=1e-3)
    assert not torch.allclose(steered, otherwise, atol=1e-3)


def test_outside_its_span_it_is_none_bit_for_bit(run, edges):
    late, early = (Control(edges, HINT, span=span) for span in (Span(0.9, 1.0), Span(0.0, 0.1)))
    plain = run(prompt(1), scheduler="simple")  # its two steps begin at percent 0 and about a half
    assert torch.equal(run(prompt(1, late), scheduler="simple"), plain)
    assert not torch.equal(run(prompt(1, early), scheduler="simple"), plain)


def test_steering_the_positive_prompt_alone_leaves_the_negative_as_it_was(run, edges):
    one = run(prompt(1, Control(edges, HINT)), prompt(2, Control(edges, HINT)))
    assert not torch.allclose(one, run(prompt(1, Control(edges, HINT)), prompt(2)), atol=1e-4)


def test_a_shared_one_steers_the_negative_prompt_too(run, edges):
    control = Control(edges, HINT)
    shared = replace(control, shared=True)
    torch.testing.assert_close(run(prompt(1, shared), prompt(2)), run(prompt(1, control), prompt(2, control)))


def test_a_shared_one_leaves_a_negative_prompt_that_has_its_own():
    own, shared = Control(UNTRAINED, HINT, 0.5), Control(UNTRAINED, HINT, shared=True)
    _, [negative] = prepared(prompt(1, shared), prompt(2, own))
    assert [steering.strength for steering in negative.controls] == [0.5]


def test_a_shared_one_is_kept_from_areas():
    shared = Control(UNTRAINED, HINT, shared=True)
    _, negative = prepared(prompt(1, shared, area=Area(0, 0, 64, 64)), prompt(2), size=(16, 16))
    whole, *_ = negative
    assert whole.controls == ()


def test_a_hint_is_cut_to_the_latents_ratio_and_resized_by_nearest_pixels():
    hint = torch.arange(16.0).reshape(1, 1, 16, 1).expand(1, 8, 16, 3)
    [[region]] = prepared(prompt(1, Control(UNTRAINED, hint)), size=(8, 8))
    [steering] = region.controls
    assert steering.hint.shape == (1, 3, 64, 64)
    assert steering.hint[0, 0, 0, ::8].tolist() == list(range(4, 12))


def test_each_picture_of_a_batch_has_its_own_hint_and_one_serves_all():
    hints = torch.stack([torch.full((64, 64, 3), float(i)) for i in range(2)])
    [[region]] = prepared(prompt(1, Control(UNTRAINED, hints)), batch=3)
    assert region.controls[0].hint[:, 0, 0, 0].tolist() == [0, 1, 0]
    [[region]] = prepared(prompt(1, Control(UNTRAINED, hints[1:])), batch=3)
    assert region.controls[0].hint[:, 0, 0, 0].tolist() == [1, 1, 1]


def test_a_batch_is_steered_picture_by_picture(run, edges):
    hints = torch.cat([HINT, 1 - HINT])
    batch = run(prompt(1, Control(edges, hints)), batch=2)
    same = run(prompt(1, Control(edges, HINT)), batch=2)
    torch.testing.assert_close(batch[0], same[0], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(batch[1], same[1], atol=1e-3)


@torch.no_grad()
def test_a_shuffle_net_says_the_same_everywhere(folders, residency, model):
    net = open_control_net(folders, "shuffle")
    steered = prompt(1, Control(net, HINT))
    [[region]] = prepared(steered)
    x = torch.randn(1, 4, 8, 8)
    with resident_nets(residency, model, [steered], None) as nets:
        got = residuals(nets, x, torch.tensor([9.0]), torch.randn(1, 5, 32), [region.controls], torch.float32)
    said = got["down_block_additional_residuals"][0]
    assert said.shape[-2:] == (8, 8)
    torch.testing.assert_close(said, said[..., :1, :1].expand_as(said))


def test_network_and_control_net_stay_on_the_device_side_by_side(run, residency, model, edges):
    run(prompt(1, Control(edges, HINT)))
    held = residency.held()
    run(prompt(1, Control(edges, HINT)))
    assert residency.held() == held
    with residency.resident(model) as unet, residency.resident(edges) as net:
        assert residency.held() >= sum(w.numel() * 4 for module in (unet, net) for w in module.parameters())


def test_one_for_a_network_of_another_size_is_refused_by_name(run, folders):
    wide = open_control_net(folders, "wide")
    with pytest.raises(DiffusionError, match=r"controlnet/wide\.safetensors does not fit .*tiny.*widths 16 48.*16 32"):
        run(prompt(1, Control(wide, HINT)))


def test_it_runs_in_half_precision(folders, model, edges):
    half = Residency(folders, choose_device("cpu", "bf16"))
    settings = {"seed": 1, "steps": 2, "cfg": 2.0, "sampler_name": "euler", "scheduler": "normal"}
    steered = prompt(1, Control(edges, HINT))
    assert sample(half, model, steered, prompt(2), Latent(torch.zeros(1, 4, 8, 8)), **settings).samples.isfinite().all()
    with half.resident(edges) as net:
        assert {weight.dtype for weight in net.parameters()} == {torch.bfloat16}


def test_a_prompt_bound_to_an_area_is_shown_the_whole_hint_there():
    hint = torch.arange(64.0).reshape(1, 1, 64, 1).expand(1, 128, 64, 3)
    [[region]] = prepared(prompt(1, Control(UNTRAINED, hint), area=Area(0, 0, 32, 64)), size=(8, 8))
    [steering] = region.controls
    assert steering.hint.shape == (1, 3, 64, 32)
    assert steering.hint[0, 0, 0].tolist() == list(range(1, 64, 2))


@torch.no_grad()
def test_the_same_one_twice_is_once_with_both_strengths(residency, model, edges):
    x, time, embeds = torch.randn(1, 4, 8, 8), torch.tensor([500.0]), torch.randn(1, 5, 32)
    twice = prompt(1, Control(edges, HINT, 0.5), Control(edges, HINT, 0.25))
    once = prompt(1, Control(edges, HINT, 0.75))
    [[two]], [[one]] = prepared(twice), prepared(once)
    with resident_nets(residency, model, [twice], None) as nets:
        got, wanted = (residuals(nets, x, time, embeds, [each.controls], torch.float32) for each in (two, one))
    torch.testing.assert_close(got, wanted)
