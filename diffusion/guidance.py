"""How the predictions for several prompts become one. Values, free of torch, so that nodes can pass them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from diffusion.conditioning import Conditioning
from diffusion.errors import DiffusionError
from diffusion.handle import ModelHandle

if TYPE_CHECKING:
    from torch import Tensor

Mix = Callable[["Tensor", "Tensor", float], "Tensor"]
"""(the prediction to go toward, the one to go away from, how far) → the guided prediction."""


class Rule(Protocol):
    """What becomes of the predictions for a guider's prompts, the negative prompt's being the second."""

    @property
    def first_alone(self) -> bool:
        """Whether only the first prompt counts, so that the network need not be run for the others."""
        ...

    def __call__(self, mix: Mix, predictions: Sequence[Tensor]) -> Tensor: ...


@dataclass(frozen=True, slots=True, eq=False)
class Guider:
    """A model, and what it is to be guided by."""

    socket: ClassVar[str] = "GUIDER"
    model: ModelHandle
    prompts: tuple[Conditioning, ...]
    rule: Rule


@dataclass(frozen=True, slots=True)
class ClassifierFree:
    """Ho & Salimans (2022): away from the negative, toward the positive. Prompts: positive, negative."""

    scale: float = 1.0

    @property
    def first_alone(self) -> bool:
        return self.scale == 1

    def __call__(self, mix: Mix, predictions: Sequence[Tensor]) -> Tensor:
        positive, negative = predictions
        return mix(positive, negative, self.scale)


@dataclass(frozen=True, slots=True)
class TwoScales:
    """Brooks et al. (2023), "InstructPix2Pix", equation 3: a scale for each of two positives.

    Prompts: first, negative, second, where the second says less than the first. ``nested`` goes from the second to the
    first before it goes away from the negative.
    """

    first: float
    second: float
    nested: bool = False
    first_alone: ClassVar[bool] = False

    def __call__(self, mix: Mix, predictions: Sequence[Tensor]) -> Tensor:
        first, negative, second = predictions
        if self.nested:
            return mix(second + self.first * (first - second), negative, self.second)
        return mix(second, negative, self.second) + self.first * (first - second)


@dataclass(frozen=True, slots=True)
class PerpendicularNegative:
    """Armandpour et al. (2023), "Perp-Neg": only what of the negative is at a right angle to the positive counts.

    Prompts: positive, negative, empty.
    """

    scale: float
    negative_scale: float = 1.0
    first_alone: ClassVar[bool] = False

    def __call__(self, mix: Mix, predictions: Sequence[Tensor]) -> Tensor:
        positive, negative, empty = predictions
        toward, away = positive - empty, negative - empty
        across = away - (away * toward).sum() / (toward * toward).sum() * toward
        return mix(positive - self.negative_scale * across, empty, self.scale)


@dataclass(frozen=True, slots=True, eq=False)
class PerpendicularGuidance:
    """`PerpendicularNegative` as a part of a model: it goes into its ``guidance`` and replaces the plain rule."""

    empty: Conditioning
    negative_scale: float = 1.0

    def instead_of(self, guider: Guider) -> Guider:
        """A guider with this rule. One without a negative prompt has nothing to turn and stays what it is."""
        match guider:
            case Guider(prompts=(positive, negative), rule=ClassifierFree(scale=scale)):
                rule = PerpendicularNegative(scale, self.negative_scale)
                return replace(guider, prompts=(positive, negative, self.empty), rule=rule)
            case Guider(prompts=(_,)):
                return guider
        raise DiffusionError("Perp-Neg on a model goes with plain guidance alone: use PerpNegGuider as the guider.")


@dataclass(frozen=True, slots=True)
class RescaleGuidance:
    """Lin et al. (2023), section 3.4: give the guided prediction the spread of the positive, by a share.

    It goes into a model's ``guidance``, takes the place of the plain mix, and works on the velocity.
    """

    share: float = 0.7

    def __call__(self, x: Tensor, sigma: Tensor, toward: Tensor, away: Tensor, scale: float) -> Tensor:
        """x: (B, C, h, w) at noise level ``sigma``; predictions: like it."""
        kept, per_velocity = x / (sigma**2 + 1), sigma / (sigma**2 + 1).sqrt()
        positive, negative = (kept - toward) / per_velocity, (kept - away) / per_velocity
        guided = negative + scale * (positive - negative)
        level = positive.std((1, 2, 3), keepdim=True) / guided.std((1, 2, 3), keepdim=True)
        return kept - guided * (self.share * level + 1 - self.share) * per_velocity
