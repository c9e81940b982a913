"""Where, when and how strongly each prompt acts on a latent of a known size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from diffusion.adapters.schedule import Course, Scheduled
from diffusion.conditioning import Cond, Conditioning
from diffusion.latent import LatentSpace
from diffusion.sigmas import TrainedSigmas
from diffusion.steering import Steering, share, steerings
from diffusion.turns import Levels, levels, within

FEATHER = 8  # latent pixels over which an area fades in, where it does not touch the picture's edge
SMALLEST = 8  # latent pixels, the least side of an area taken from a mask's bounds


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a latent, in latent pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def size(self) -> tuple[int, int]:
        return self.height, self.width

    def of(self, x: Tensor) -> Tensor:
        """The part of ``x`` (…, h, w) inside. A view."""
        return x[..., self.top : self.top + self.height, self.left : self.left + self.width]

    def holds(self, other: Window) -> bool:
        return (
            self.top <= other.top
            and self.left <= other.left
            and self.top + self.height >= other.top + other.height
            and self.left + self.width >= other.left + other.width
        )


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One prompt, with its bounds in the units of the sampler."""

    embeds: Tensor  # (B, N, D)
    window: Window
    weight: Tensor  # (B, 1, window.height, window.width)
    starts: float  # sigma from which it acts
    ends: float  # sigma below which it no longer does
    bounded: bool  # whether an area was asked for
    shown: Tensor | None = None  # (B, C', window.height, window.width), what an inpainting network sees besides
    controls: tuple[Steering, ...] = ()
    adapters: tuple[Course, ...] = ()
    levels: Levels | None = None
    """The noise levels of the steps that it acts at, where it does not at all."""
    composed: bool = False
    """Whether its difference from the negative prompt is added to the others', times its weight (AND of A1111)."""

    def acts_at(self, sigma: float) -> bool:
        return self.ends <= sigma <= self.starts and within(sigma, self.levels)


def regions(
    prompts: Sequence[Conditioning],
    x: Tensor,
    space: LatentSpace,
    trained: TrainedSigmas,
    sigmas: Sequence[float] = (),
    scheduled: Sequence[Scheduled] = (),
    whole: Sequence[float] | None = None,
) -> list[list[Region]]:
    """The regions of each prompt for a latent ``x`` (B, C, h, w), in a run along ``sigmas``.

    ``scheduled`` adapters act on all of them, along the ``whole`` run of which ``sigmas`` may be a part.

    Guidance is a difference, so each area of one prompt is met by an area of every other with the same bounds, made
    from the smallest entry that holds it.
    """
    run = sigmas if whole is None else whole
    prepared = [
        [
            replace(
                _region(cond, x, space, trained),
                levels=levels(cond, prompt, sigmas),
                adapters=tuple(each.along(run) for each in (*scheduled, *cond.adapters)),
            )
            for cond in prompt.entries
        ]
        for prompt in prompts
    ]
    for prompt, other in permutations(prepared, 2):
        for region in tuple(prompt):
            other += _opposite(region, other)
    share(prepared)
    return prepared


def fitted(mask: Tensor, height: int, width: int) -> Tensor:
    """Bring masks or latents (B, C, H, W) to a latent's size, between pixels. Returns: (B, C, height, width)."""
    same = mask.shape[-2:] == (height, width)
    return mask if same else interpolate(mask, (height, width), mode="bilinear")


def repeated(batch: Tensor, count: int) -> Tensor:
    """A batch with ``count`` items: repeated from its first on, or cut off."""
    return batch.repeat(-(-count // len(batch)), *[1] * (batch.ndim - 1))[:count]


def _region(cond: Cond, x: Tensor, space: LatentSpace, trained: TrainedSigmas) -> Region:
    count, _, height, width = x.shape
    mask = None if cond.mask is None else fitted(cond.mask.unsqueeze(1).to(x), height, width) * cond.mask_strength
    window = _window(cond, mask, height, width, space.downscale)
    weight = _feathered(window, height, width).to(x) if mask is None else window.of(mask)
    return Region(
        repeated(cond.embeds.to(x.device), count),
        window,
        repeated(weight * cond.strength, count),
        trained.at_percent(cond.span.start),
        trained.at_percent(cond.span.end),
        bounded=cond.area is not None or cond.mask_bounds,
        shown=None if cond.concat is None else repeated(window.of(fitted(cond.concat.to(x), height, width)), count),
        controls=steerings(cond, window.height * space.downscale, window.width * space.downscale, x, trained),
        composed=bool(cond.extra.get("composed")),
    )


def _window(cond: Cond, mask: Tensor | None, height: int, width: int, downscale: int) -> Window:
    if mask is not None and cond.mask_bounds:
        return _bounds(mask, height, width)
    area = cond.area
    if area is None:
        return Window(0, 0, height, width)
    if area.relative:
        rows, columns = max(1, round(area.height * height)), max(1, round(area.width * width))
        top, left = round(area.y * height), round(area.x * width)
    else:
        rows, columns = max(1, int(area.height) // downscale), max(1, int(area.width) // downscale)
        top, left = int(area.y) // downscale, int(area.x) // downscale
    top, left = min(top, height - 1), min(left, width - 1)
    return Window(top, left, min(rows, height - top), min(columns, width - left))


def _bounds(mask: Tensor, height: int, width: int) -> Window:
    """The bounding box of what a mask (B, 1, h, w) does not leave out."""
    touched = (mask != 0).flatten(0, 1).any(0)  # (h, w)
    if not touched.any():
        return Window(0, 0, min(SMALLEST, height), min(SMALLEST, width))
    rows, columns = touched.any(1).nonzero(), touched.any(0).nonzero()
    top, left = int(rows[0]), int(columns[0])
    return Window(
        top,
        left,
        min(max(SMALLEST, int(rows[-1]) + 1 - top), height - top),
        min(max(SMALLEST, int(columns[-1]) + 1 - left), width - left),
    )


def _feathered(window: Window, height: int, width: int) -> Tensor:
    """Ones that fade toward those sides of a window that lie inside the picture. Returns: (1, 1, rows, columns)."""
    rows = _ramp(window.height, window.top > 0, window.top + window.height < height)
    columns = _ramp(window.width, window.left > 0, window.left + window.width < width)
    return (rows[:, None] * columns[None, :])[None, None]


def _ramp(length: int, at_start: bool, at_end: bool) -> Tensor:
    ramp = torch.ones(length)
    fade = min(FEATHER, length // 4)
    rising = torch.arange(1, fade + 1) / fade if fade else ramp[:0]
    if at_start:
        ramp[:fade] *= rising
    if at_end:
        ramp[length - fade :] *= rising.flip(0)
    return ramp


def _opposite(region: Region, others: Iterable[Region]) -> Sequence[Region]:
    """The entry to stand against a bounded region, or nothing where there is one already, or none that holds it."""
    if not region.bounded:
        return ()
    around = [other for other in others if not other.bounded or other.window.holds(region.window)]
    if not around:
        return ()
    tightest = min(around, key=lambda other: (not other.bounded, other.window.height * other.window.width))
    if tightest.bounded and tightest.window == region.window:
        return ()
    return (replace(region, embeds=tightest.embeds, adapters=tightest.adapters, composed=False),)
