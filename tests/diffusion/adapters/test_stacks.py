"""Random stacks of random adapters against an independent dense computation."""

import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.adapters.adapter import apply_patches
from diffusion.adapters.loaded import LOADED
from diffusion.adapters.patches import patches_for
from diffusion.families.family import Target
from diffusion.handle import Applied
from tests.diffusion.adapters import dense
from tests.diffusion.adapters.loras import Loras

LAYERS = {
    "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q": dense.LINEAR,
    "down_blocks.0.resnets.0.conv1": dense.CONV,
}
TARGETS = {f"{layer}.weight": Target(f"{layer}.weight", shape, f"{layer}.weight") for layer, shape in LAYERS.items()}
NOT_LINEAR = ("BOFT", "BOFT, rescaled", "BOFT of PEFT", "OFT, rescaled")
LINEAR_KINDS = sorted(kind for kind in dense.KINDS if kind not in NOT_LINEAR)
strengths = st.sampled_from([-1.0, -0.3, 0.0, 0.1, 0.5, 1.0, 1.7])
stacks = st.lists(st.tuples(st.sampled_from(sorted(dense.KINDS)), st.integers(0, 3), strengths), max_size=6)


@pytest.fixture(scope="module")
def adapter():
    """Files of a kind by seed, each written once, with the samples they hold."""
    with tempfile.TemporaryDirectory() as base:
        loras, written = Loras(Path(base)), {}

        def get(kind, seed):
            if (kind, seed) not in written:
                samples = {
                    layer: dense.KINDS[kind](10 * seed + n, shape) for n, (layer, shape) in enumerate(LAYERS.items())
                }
                tensors = {
                    f"lora_unet_{layer.replace('.', '_')}.{suffix}": tensor
                    for layer, sample in samples.items()
                    for suffix, tensor in sample.tensors.items()
                }
                name = loras.write(f"{len(written)}", tensors)
                written[kind, seed] = loras.folders.ref("loras", name), samples
            return written[kind, seed]

        get.folders = loras.folders
        yield get


def weights():
    generator = torch.Generator().manual_seed(2)
    return {f"{layer}.weight": torch.randn(shape, generator=generator) / 8 for layer, shape in LAYERS.items()}


@settings(max_examples=20, deadline=None)
@given(stack=stacks)
def test_a_stack_is_the_sum_of_its_changes_to_the_pristine_weight(stack, adapter):
    applied = tuple(Applied(adapter(kind, seed)[0], strength) for kind, seed, strength in stack)
    patches = patches_for(adapter.folders, applied, "model", TARGETS)
    totals = {}
    for kind, seed, strength in stack:
        key = (kind, seed, len(totals) if kind in NOT_LINEAR else 0)  # those are not merged
        totals[key] = totals.get(key, 0.0) + strength
    for name, weight in weights().items():
        expected = weight.double()
        for (kind, seed, _), strength in totals.items():
            change = adapter(kind, seed)[1][name.removesuffix(".weight")].change(weight.double(), strength)
            expected = expected + (change if strength else 0.0)
        got = apply_patches(weight, patches.get(name, ()))
        assert torch.linalg.vector_norm(got - expected) <= 1e-5 * torch.linalg.vector_norm(expected)


@settings(max_examples=15, deadline=None)
@given(
    stack=st.lists(st.tuples(st.sampled_from(LINEAR_KINDS), st.integers(0, 2), strengths), max_size=6), data=st.data()
)
def test_the_order_of_linear_kinds_changes_no_bit(stack, data, adapter):
    shuffled = data.draw(st.permutations(stack))
    results = []
    for order in (stack, shuffled):
        applied = tuple(Applied(adapter(kind, seed)[0], strength) for kind, seed, strength in order)
        patches = patches_for(adapter.folders, applied, "model", TARGETS)
        results.append({name: apply_patches(weight, patches.get(name, ())) for name, weight in weights().items()})
    assert all(torch.equal(results[0][name], results[1][name]) for name in TARGETS)


@settings(max_examples=15, deadline=None)
@given(kinds=st.lists(st.tuples(st.sampled_from(LINEAR_KINDS), strengths), max_size=4))
def test_every_adapter_and_its_opposite_leave_the_pristine_weight_bit_for_bit(kinds, adapter):
    there = [Applied(adapter(kind, 1)[0], strength) for kind, strength in kinds]
    back = [Applied(applied.adapter, -applied.strength) for applied in there]
    assert patches_for(adapter.folders, (*there, *back), "model", TARGETS) == {}


@pytest.mark.parametrize("kind", NOT_LINEAR)
def test_kinds_that_are_not_linear_keep_their_order_and_come_last(kind, adapter):
    odd, plain = adapter(kind, 0)[0], adapter("LoRA", 0)[0]
    stack = (Applied(odd, 0.5), Applied(plain, 1.0), Applied(odd, 0.25))
    for on_weight in patches_for(adapter.folders, stack, "model", TARGETS).values():
        assert [patch.strength for patch in on_weight] == [1.0, 0.5, 0.25]


def test_what_depends_on_the_weight_may_read_the_running_one(adapter):
    dora, plain = adapter("DoRA per output", 0), adapter("LoRA", 0)
    stack = (Applied(dora[0], 1.0, (("against", "running"),)), Applied(plain[0], 0.5))
    patches = patches_for(adapter.folders, stack, "model", TARGETS)
    for name, weight in weights().items():
        layer, before = name.removesuffix(".weight"), weight.double()
        running = before + plain[1][layer].change(before, 0.5)
        expected = running + dora[1][layer].change(running, 1.0)
        assert torch.allclose(apply_patches(weight, patches[name]).double(), expected, atol=1e-5)


def test_a_lower_rank_of_a_dylora_keeps_the_stored_scale(adapter):
    ref, samples = adapter("LoRA", 0)
    patches = patches_for(adapter.folders, (Applied(ref, 1.0, (("rank", "2"),)),), "model", TARGETS)
    for name, on_weight in patches.items():
        tensors = samples[name.removesuffix(".weight")].tensors
        up, down = tensors["lora_up.weight"].flatten(1)[:, :2], tensors["lora_down.weight"].flatten(1)[:2]
        expected = (up @ down * 3.0 / 4).reshape(TARGETS[name].shape)
        assert torch.allclose(on_weight[0].delta(torch.zeros(TARGETS[name].shape)), expected, atol=1e-6)


def test_a_stack_of_twenty_adapters_copies_and_computes_nothing(adapter):
    refs = [adapter("LoRA", seed)[0] for seed in range(20)]
    patches = patches_for(adapter.folders, tuple(Applied(ref, 0.1) for ref in refs), "model", TARGETS)
    stored = {tensor.data_ptr() for ref in refs for tensor in LOADED.get(adapter.folders, ref).tensors.values()}
    for on_weight in patches.values():
        assert len(on_weight) == 20
        assert all({patch.adapter.up.data_ptr(), patch.adapter.down.data_ptr()} <= stored for patch in on_weight)
