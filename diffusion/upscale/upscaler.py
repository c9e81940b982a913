"""Upscaling networks as files, and pictures enlarged by them in tiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from diffusion.adapters.loaded import LOADED
from diffusion.checkpoint import read_any_header
from diffusion.device import is_out_of_memory, speaking_of_memory
from diffusion.errors import NotFinite, UnreadableFile
from diffusion.families.detection import looks_like
from diffusion.files.folders import ModelFolders
from diffusion.files.header import Header
from diffusion.handle import UpscaleHandle
from diffusion.residency import Residency, Stop
from diffusion.tiling import cut, tiled
from diffusion.upscale.compact import CompactConfig, CompactNet, infer_compact
from diffusion.upscale.rrdb import RrdbConfig, RrdbNet, basicsr_names, infer_rrdb

WRAPPERS = ("params_ema.", "params.", "module.")
"""What some trainers put before all names; of a file with two sets, the first is taken."""
TILE, SMALLEST, OVERLAP = 256, 64, 32  # pixels; a network of residual dense blocks takes about 1 GB for such a tile
Watch = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file holds: the network's configuration, and its weights' names → names in the file."""

    config: RrdbConfig | CompactConfig
    names: dict[str, str]


def open_upscaler(folders: ModelFolders, name: str) -> UpscaleHandle:
    """The upscaling network in a file. Raises FileNotInFolder or UnreadableFile. Only its header is read."""
    file = folders.ref("upscale_models", name)
    plan = plan_of(read_any_header(folders.path(file), name))
    return UpscaleHandle(file, plan.config.scale)


def plan_of(header: Header) -> Plan:
    """The network that a file's names and shapes are of. Raises UnreadableFile for any other kind."""
    wrapper = next((w for w in WRAPPERS if any(name.startswith(w) for name in header.tensors)), "")
    bare = {name[len(wrapper) :]: name for name in header.tensors if name.startswith(wrapper)}
    for names in (bare, {ours: bare[theirs] for ours, theirs in basicsr_names(list(bare)).items()}):
        shapes = {ours: header.shape(theirs) for ours, theirs in names.items()}
        config = infer_compact(shapes) or infer_rrdb(shapes)
        if config is not None:
            _refuse_unfit(header.name, config, shapes)
            return Plan(config, names)
    likeness = looks_like(header)
    raise UnreadableFile(
        f"{header.name} is not an upscaling network that can be run here: ESRGAN, Real-ESRGAN and its compact "
        f"networks can." + (f" It looks like {likeness}." if likeness else "")
    )


def build(config: RrdbConfig | CompactConfig) -> nn.Module:
    """The network without weights."""
    with torch.device("meta"):
        return RrdbNet(config) if isinstance(config, RrdbConfig) else CompactNet(config)


def _refuse_unfit(name: str, config: RrdbConfig | CompactConfig, shapes: dict[str, tuple[int, ...]]) -> None:
    wanted = {key: tuple(weight.shape) for key, weight in build(config).named_parameters()}
    unfit = [key for key in [*wanted, *shapes] if wanted.get(key) != shapes.get(key)]
    if unfit:
        raise UnreadableFile(
            f"{name} is a variant of its network that cannot be run here, or it is damaged: {unfit[0]} is not as "
            "it should be."
        )


def load(folders: ModelFolders, handle: UpscaleHandle) -> nn.Module:
    """The network with its weights, in float32 on the CPU. Raises UnreadableFile."""
    loaded = LOADED.get(folders, handle.file)
    plan = plan_of(loaded.header)
    network = build(plan.config)
    network.load_state_dict({ours: loaded.tensors[theirs].float() for ours, theirs in plan.names.items()}, assign=True)
    return network.eval().requires_grad_(False)


@torch.no_grad()
def upscale(
    residency: Residency,
    folders: ModelFolders,
    handle: UpscaleHandle,
    pixels: Tensor,
    *,
    tile: int = TILE,
    on_tile: Watch | None = None,
    stop: Stop | None = None,
) -> Tensor:
    """Pixels (B, H, W, C) in 0…1 → (B, s H, s W, 3) in 0…1, on the CPU.

    Worked on in tiles of ``tile`` pixels a side, blended where they overlap. Where memory is short other models are
    released, then tiles made smaller. ``on_tile`` is told how many are done; it and ``stop`` may raise to stop.
    Raises OutOfMemory or NotFinite.
    """
    place = residency.device
    with speaking_of_memory(place, "enlarging a picture"):
        network = load(folders, handle).to(place)
        while True:
            try:
                larger = _in_tiles(network, handle.scale, pixels, tile, place, on_tile, stop)
                break
            except Exception as error:
                if not is_out_of_memory(error) or tile <= SMALLEST:
                    raise
            residency.forget()
            tile //= 2
    if not torch.isfinite(larger).all():
        raise NotFinite(f"{handle.file.path} gave numbers that are not finite: the file or the picture is damaged.")
    return larger.clamp_(0, 1).movedim(1, -1).contiguous()


def _in_tiles(
    network: nn.Module,
    scale: int,
    pixels: Tensor,
    tile: int,
    place: torch.device,
    on_tile: Watch | None,
    stop: Stop | None,
) -> Tensor:
    """(B, H, W, C) → (B, 3, s H, s W), one picture at a time, so that memory does not grow with the batch."""
    pictures = pixels[..., :3].movedim(-1, 1)  # (B, 3, H, W)
    height, width = pictures.shape[-2:]
    overlap = min(OVERLAP, tile // 2)
    total = len(pictures) * _count(height, tile, overlap) * _count(width, tile, overlap)
    done = 0

    def enlarge(part: Tensor) -> Tensor:
        nonlocal done
        if stop is not None:
            stop()
        larger: Tensor = network(part.to(place)).float().cpu()
        done += 1
        if on_tile is not None:
            on_tile(done, total)
        return larger

    def whole(picture: Tensor) -> Tensor:
        return tiled(height, width, (tile, overlap), scale, lambda rows, columns: enlarge(cut(picture, rows, columns)))

    return torch.cat([whole(picture) for picture in pictures.split(1)])


def _count(length: int, tile: int, overlap: int) -> int:
    return 1 + max(0, -(-(length - tile) // (tile - overlap)))
