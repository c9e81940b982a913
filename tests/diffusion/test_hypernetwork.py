from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from diffusion.adapters.loaded import LOADED
from diffusion.checkpoint import open_checkpoint
from diffusion.device import choose_device
from diffusion.errors import AdapterMismatch, UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.handle import ModelHandle
from diffusion.hypernetwork import Hypernetwork, open_hypernetwork, read_bends
from diffusion.residency import Residency

WIDTHS = (16, 32)  # what the tiny model's self-attention and prompt are wide


@pytest.fixture
def folders(tiny_folders: ModelFolders, tmp_path: Path) -> ModelFolders:
    """The tiny model, and a folder of hypernetworks of this test's own."""
    return ModelFolders(tiny_folders.base_directory, preferred={"hypernetworks": [tmp_path]})


@pytest.fixture
def residency(folders: ModelFolders) -> Residency:
    return Residency(folders, choose_device("cpu"))


@pytest.fixture
def model(folders: ModelFolders) -> ModelHandle:
    return open_checkpoint(folders, "tiny.safetensors").model


def layer(seed: int, width: int, out: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(out, width, generator=generator) / width**0.5, torch.randn(out, generator=generator) / 10


def state(width: int, seed: int, places=(0, 2)) -> dict[str, Tensor]:
    first, second = layer(seed, width, 2 * width), layer(seed + 1, 2 * width, width)
    return {
        f"linear.{place}.{kind}": tensor
        for place, pair in zip(places, (first, second), strict=True)
        for kind, tensor in zip(("weight", "bias"), pair, strict=True)
    }


def content(seed: int = 0, widths=WIDTHS, **facts) -> dict:
    pairs = {width: (state(width, seed + width), state(width, seed + width + 7)) for width in widths}
    return pairs | {"layer_structure": [1, 2, 1], "activation_func": "relu", "activate_output": False} | facts


def put_on(model, folders, name, strength=1.0) -> ModelHandle:
    file = folders.ref("hypernetworks", name)
    return replace(model, block_patches=(*model.block_patches, Hypernetwork(file, strength)))


def attend(attention, x: Tensor, context: Tensor, bend_keys, bend_values) -> Tensor:
    """Attention written out, with keys and values made from a bent context. x, context: (B, N, D)."""
    q = attention.to_q(x)
    k = F.linear(bend_keys(context), attention.to_k.weight)
    v = F.linear(bend_values(context), attention.to_v.weight)
    q, k, v = (t.unflatten(-1, (attention.heads, -1)).transpose(1, 2) for t in (q, k, v))
    weights = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
    return attention.to_out[0]((weights @ v).transpose(1, 2).flatten(2))


def bend(*states: tuple[dict[str, Tensor], float]):
    def bent(x: Tensor) -> Tensor:
        for tensors, strength in states:
            inner = F.relu(F.linear(x, tensors["linear.0.weight"], tensors["linear.0.bias"]))
            x = x + strength * F.linear(inner, tensors["linear.2.weight"], tensors["linear.2.bias"])
        return x

    return bent


def attentions(module):
    return [module.get_submodule(f"mid_block.attentions.0.transformer_blocks.0.attn{number}") for number in (1, 2)]


@pytest.mark.parametrize("strength", [1.0, 0.3, -1.0])
def test_keys_and_values_of_self_and_cross_attention_are_bent(residency, model, folders, tmp_path, strength):
    saved = content()
    torch.save(saved, tmp_path / "ink.pt")
    x, prompt = torch.randn(2, 9, 32), torch.randn(2, 5, 32)
    keys, values = (bend((saved[32][role], strength)) for role in (0, 1))
    with torch.no_grad(), residency.resident(put_on(model, folders, "ink.pt", strength)) as module:
        own, cross = attentions(module)
        torch.testing.assert_close(own(x), attend(own, x, x, keys, values), rtol=1e-5, atol=1e-6)
        got = cross(x, encoder_hidden_states=prompt)
        torch.testing.assert_close(got, attend(cross, x, prompt, keys, values), rtol=1e-5, atol=1e-6)


def test_several_act_one_on_top_of_the_other(residency, model, folders, tmp_path):
    first, second = content(1), content(2)
    torch.save(first, tmp_path / "a.pt")
    torch.save(second, tmp_path / "b.pt")
    both = put_on(put_on(model, folders, "a.pt", 0.5), folders, "b.pt", 0.8)
    x = torch.randn(1, 6, 32)
    keys, values = (bend((first[32][role], 0.5), (second[32][role], 0.8)) for role in (0, 1))
    with torch.no_grad(), residency.resident(both) as module:
        own, _ = attentions(module)
        torch.testing.assert_close(own(x), attend(own, x, x, keys, values), rtol=1e-5, atol=1e-6)


def test_the_network_is_as_before_afterwards(residency, model, folders, tmp_path):
    torch.save(content(), tmp_path / "ink.pt")
    given = torch.randn(1, 4, 8, 8), torch.tensor([500.0]), torch.randn(1, 5, 32)
    with torch.no_grad():
        before = residency.run(model, lambda network: network(*given).sample)
        bent = residency.run(put_on(model, folders, "ink.pt"), lambda network: network(*given).sample)
        after = residency.run(model, lambda network: network(*given).sample)
        nothing = residency.run(put_on(model, folders, "ink.pt", 0.0), lambda network: network(*given).sample)
    assert not torch.allclose(bent, before)
    assert torch.equal(after, before)
    assert torch.equal(nothing, before)


def bends_of(folders, saved, path):
    torch.save(saved, path)
    LOADED.forget()
    return read_bends(LOADED.get(folders, folders.ref("hypernetworks", path.name)), path.name)


@pytest.mark.parametrize(
    ("activation", "formula"),
    [
        (None, lambda x: x),
        ("linear", lambda x: x),
        ("relu", F.relu),
        ("leakyrelu", F.leaky_relu),
        ("elu", F.elu),
        ("swish", F.hardswish),
        ("tanh", torch.tanh),
        ("sigmoid", torch.sigmoid),
        ("mish", F.mish),
        ("softsign", F.softsign),
    ],
)
@pytest.mark.parametrize("last_too", [True, False])
def test_activations_go_after_every_layer_or_every_one_but_the_last(folders, tmp_path, activation, formula, last_too):
    saved = content(widths=(32,), activation_func=activation, activate_output=last_too)
    got = bends_of(folders, saved, tmp_path / "a.pt")[32, 0]
    x, tensors = torch.randn(3, 32), saved[32][0]
    expected = formula(F.linear(x, tensors["linear.0.weight"], tensors["linear.0.bias"]))
    expected = F.linear(expected, tensors["linear.2.weight"], tensors["linear.2.bias"])
    torch.testing.assert_close(got(x), formula(expected) if last_too else expected)


def test_a_file_that_does_not_say_activates_its_output(folders, tmp_path):
    saved = content(widths=(32,))
    del saved["activate_output"]
    assert (bends_of(folders, saved, tmp_path / "a.pt")[32, 0](torch.randn(50, 32)) >= 0).all()


def test_layer_norms_come_after_activations(folders, tmp_path):
    tensors = state(32, 3, places=(0, 4))
    norm = {"linear.2.weight": torch.rand(64) + 1, "linear.2.bias": torch.rand(64)}
    saved = content(widths=()) | {32: (tensors | norm, tensors | norm), "is_layer_norm": True, "use_dropout": True}
    got = bends_of(folders, saved, tmp_path / "a.pt")[32, 1]
    x = torch.randn(3, 32)
    inner = F.relu(F.linear(x, tensors["linear.0.weight"], tensors["linear.0.bias"]))
    inner = F.layer_norm(inner, (64,), norm["linear.2.weight"], norm["linear.2.bias"])
    torch.testing.assert_close(got(x), F.linear(inner, tensors["linear.4.weight"], tensors["linear.4.bias"]))


def test_the_oldest_files_number_their_layers_otherwise(folders, tmp_path):
    tensors = state(32, 5)
    old = {key.replace("linear.0", "linear1").replace("linear.2", "linear2"): value for key, value in tensors.items()}
    x = torch.randn(3, 32)
    got = bends_of(folders, {32: (old, dict(old))}, tmp_path / "a.pt")[32, 0](x)
    expected = F.linear(x, tensors["linear.0.weight"], tensors["linear.0.bias"])
    torch.testing.assert_close(got, F.linear(expected, tensors["linear.2.weight"], tensors["linear.2.bias"]))


def test_a_hypernetwork_of_another_family_is_refused(folders, residency, model, tmp_path):
    torch.save(content(widths=(320, 768)), tmp_path / "large.pt")
    with pytest.raises(AdapterMismatch, match=r"large\.pt changes nothing .* 320, 768 .* 16, 32"):
        open_hypernetwork(folders, "large.pt", residency.targets(model))


def test_what_is_no_hypernetwork_is_refused(folders, residency, model, tmp_path):
    torch.save({"state_dict": {"conv.weight": torch.ones(2)}}, tmp_path / "other.pt")
    with pytest.raises(UnreadableFile, match="not a hypernetwork"):
        open_hypernetwork(folders, "other.pt", residency.targets(model))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"activation_func": "gaussian"}, "gaussian"), ({32: (state(16, 1), state(16, 2))}, "do not fit together")],
)
def test_a_file_that_cannot_be_run_says_why(folders, tmp_path, change, words):
    with pytest.raises(UnreadableFile, match=words):
        bends_of(folders, content(widths=(32,)) | change, tmp_path / "a.pt")
