import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from diffusion.device import choose_device
from diffusion.errors import NotFinite, OutOfMemory, UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.residency import Residency
from diffusion.upscale.compact import CompactConfig, CompactNet
from diffusion.upscale.rrdb import RrdbConfig, RrdbNet
from diffusion.upscale.upscaler import load, open_upscaler, upscale

SMALL = RrdbConfig(width=8, growth=4, blocks=2, folded=1, doublings=2)


@pytest.fixture
def folders(tmp_path: Path) -> ModelFolders:
    return ModelFolders(tmp_path, {"upscale_models": [tmp_path]})


@pytest.fixture
def residency(folders: ModelFolders) -> Residency:
    return Residency(folders, choose_device("cpu"))


def tensors(network: torch.nn.Module, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(weight.shape, generator=generator) / max(1, weight[0].numel()) ** 0.5 * 0.7
        for name, weight in network.state_dict().items()
    }


def saved(folders: ModelFolders, content: dict[str, Tensor], name: str = "up.safetensors"):
    path = folders.roots("upscale_models")[-1] / name
    if path.suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content, path)
    return open_upscaler(folders, name)


def second_release(name: str) -> str:
    name = re.sub(r"body\.(\d+)\.rdb(\d)", r"RRDB_trunk.\1.RDB\2", name)
    name = re.sub(r"^conv_up(\d)", r"upconv\1", name)
    return name.replace("conv_body", "trunk_conv").replace("conv_hr", "HRconv")


def first_release(name: str) -> str:
    name = re.sub(r"body\.(\d+)\.rdb(\d)\.conv(\d)", r"model.1.sub.\1.RDB\2.conv\3.0", name)
    last = {"conv_first": 0, "conv_up1": 3, "conv_up2": 6, "conv_hr": 8, "conv_last": 10}
    for ours, place in last.items():
        name = name.replace(ours, f"model.{place}")
    return name.replace("conv_body", "model.1.sub.2")


def esrgan(w: dict[str, Tensor], x: Tensor, blocks: int, doublings: int) -> Tensor:
    """The network written out as the paper has it."""

    def conv(name: str, x: Tensor) -> Tensor:
        return F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=1)

    def relu(x: Tensor) -> Tensor:
        return torch.where(x > 0, x, 0.2 * x)

    first = features = conv("conv_first", x)
    for block in range(blocks):
        start = features
        for dense in range(1, 4):
            stem, seen = f"body.{block}.rdb{dense}", [features]
            for number in range(1, 5):
                seen.append(relu(conv(f"{stem}.conv{number}", torch.cat(seen, 1))))
            features = features + 0.2 * conv(f"{stem}.conv5", torch.cat(seen, 1))
        features = start + 0.2 * features
    features = first + conv("conv_body", features)
    for number in range(1, doublings + 1):
        features = relu(conv(f"conv_up{number}", features.repeat_interleave(2, -1).repeat_interleave(2, -2)))
    return conv("conv_last", relu(conv("conv_hr", features)))


@pytest.mark.parametrize("spelled", [str, second_release, first_release], ids=["BasicSR", "second", "first"])
def test_esrgan_of_each_spelling_is_the_papers_network(folders, spelled):
    weights = tensors(RrdbNet(SMALL))
    handle = saved(folders, {spelled(name): weight for name, weight in weights.items()})
    assert handle.scale == 4
    x = torch.rand(1, 3, 6, 5)
    torch.testing.assert_close(load(folders, handle)(x), esrgan(weights, x, blocks=2, doublings=2))


@pytest.mark.parametrize(("doublings", "places"), [(1, (0, 3, 5, 7)), (0, (0, 2, 4))])
def test_the_first_release_numbers_its_layers_by_how_often_it_doubles(folders, doublings, places):
    config = RrdbConfig(width=8, growth=4, blocks=1, folded=1, doublings=doublings)
    weights = tensors(RrdbNet(config))
    stems = ["conv_first", *(f"conv_up{n + 1}" for n in range(doublings)), "conv_hr", "conv_last"]
    spelled = {}
    for name, weight in weights.items():
        stem, _, role = name.rpartition(".")
        if stem in stems:
            spelled[f"model.{places[stems.index(stem)]}.{role}"] = weight
        else:
            spelled[first_release(name).replace("sub.2.", "sub.1.")] = weight
    handle = saved(folders, spelled)
    assert handle.scale == 2**doublings
    x = torch.rand(1, 3, 5, 5)
    torch.testing.assert_close(load(folders, handle)(x), esrgan(weights, x, 1, doublings))


@pytest.mark.parametrize(("folded", "scale"), [(2, 2), (4, 1)])
def test_pixels_folded_into_channels_lower_the_scale_and_any_size_is_taken(folders, folded, scale):
    config = RrdbConfig(width=8, growth=4, blocks=1, folded=folded, doublings=2)
    weights = tensors(RrdbNet(config))
    handle = saved(folders, weights)
    assert handle.scale == scale
    x = torch.rand(1, 3, 8, 12)
    expected = esrgan(weights, F.pixel_unshuffle(x, folded), 1, 2)
    network = load(folders, handle)
    torch.testing.assert_close(network(x), expected)
    assert network(x[..., :7, :9]).shape == (1, 3, 7 * scale, 9 * scale)


def test_the_compact_network_adds_detail_to_repeated_pixels(folders):
    weights = tensors(CompactNet(CompactConfig(width=6, inner=1, scale=2)))
    handle = saved(folders, weights)
    assert handle.scale == 2
    x = torch.rand(1, 3, 5, 4)
    inner = x
    for place in (0, 2):
        inner = F.conv2d(inner, weights[f"body.{place}.weight"], weights[f"body.{place}.bias"], padding=1)
        inner = F.prelu(inner, weights[f"body.{place + 1}.weight"])
    inner = F.conv2d(inner, weights["body.4.weight"], weights["body.4.bias"], padding=1)
    expected = F.pixel_shuffle(inner, 2) + x.repeat_interleave(2, -1).repeat_interleave(2, -2)
    torch.testing.assert_close(load(folders, handle)(x), expected)


def test_of_a_pickle_with_two_sets_of_weights_the_averaged_one_counts(folders):
    network = CompactNet(CompactConfig(width=6, inner=0, scale=2))
    plain, averaged = tensors(network, 1), tensors(network, 2)
    handle = saved(folders, {"params": plain, "params_ema": averaged}, "up.pth")
    assert torch.equal(load(folders, handle).body[0].weight, averaged["body.0.weight"])


def test_a_large_picture_in_tiles_is_the_whole_one(folders, residency):
    handle = saved(folders, tensors(CompactNet(CompactConfig(width=6, inner=1, scale=2))))
    pixels, seen = torch.rand(2, 90, 150, 4), []
    whole = upscale(residency, folders, handle, pixels)
    tiles = upscale(residency, folders, handle, pixels, tile=64, on_tile=lambda *progress: seen.append(progress))
    assert whole.shape == (2, 180, 300, 3)
    assert seen == [(done, 16) for done in range(1, 17)]
    assert 0 <= float(whole.min()) <= float(whole.max()) <= 1
    # Only what lies within the network's reach of a tile's edge differs, and that counts little.
    torch.testing.assert_close(tiles, whole, atol=0.1, rtol=0)
    assert float((tiles - whole).abs().mean()) < 1e-3


def test_where_memory_is_short_tiles_become_smaller(folders, residency):
    handle = saved(folders, tensors(CompactNet(CompactConfig(width=6, inner=0, scale=2))))
    attempts, seen = [], []

    def short_twice() -> None:
        attempts.append(1)
        if len(attempts) <= 2:
            raise MemoryError

    larger = upscale(
        residency, folders, handle, torch.rand(1, 70, 70, 3), on_tile=lambda *done: seen.append(done), stop=short_twice
    )
    assert larger.shape == (1, 140, 140, 3)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_memory_that_stays_short_is_said_in_a_sentence(folders, residency):
    handle = saved(folders, tensors(CompactNet(CompactConfig(width=6, inner=0, scale=2))))

    def short() -> None:
        raise MemoryError

    with pytest.raises(OutOfMemory, match="enlarging a picture"):
        upscale(residency, folders, handle, torch.rand(1, 70, 70, 3), stop=short)


def test_numbers_that_are_not_finite_are_an_error(folders, residency):
    handle = saved(folders, tensors(CompactNet(CompactConfig(width=6, inner=0, scale=2))))
    with pytest.raises(NotFinite, match=r"up\.safetensors"):
        upscale(residency, folders, handle, torch.full((1, 8, 8, 3), float("nan")))


def test_other_networks_are_refused_with_what_can_be_run(folders):
    with pytest.raises(UnreadableFile, match=r"up\.safetensors is not an upscaling network .* ESRGAN"):
        saved(folders, {"layers.0.residual_group.weight": torch.ones(2, 2)})


def test_a_variant_of_a_known_network_is_refused(folders):
    weights = tensors(RrdbNet(SMALL)) | {"body.0.rdb1.conv1x1.weight": torch.ones(4, 8, 1, 1)}
    with pytest.raises(UnreadableFile, match=r"variant .* body\.0\.rdb1\.conv1x1\.weight"):
        saved(folders, weights)
