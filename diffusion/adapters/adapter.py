"""What every adapter is, and how it is bound to a weight at a strength."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    from torch import Tensor

Shape = tuple[int, ...]
Options = Mapping[str, Any]


class Adapter(Protocol):
    """A change to one weight, as a function of that weight."""

    @property
    def linear(self) -> bool:
        """Whether strength 2 is twice the change of strength 1."""
        ...

    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        """What to add to the pristine ``weight`` (float32) at a strength. Same shape and device as the weight."""
        ...


class Kind(ABC):
    """A class of adapters as files store them. Everything but `from_tensors` and `delta` works on shapes alone."""

    __slots__ = ()

    title: ClassVar[str]
    needs: ClassVar[tuple[frozenset[str], ...]]
    """Sets of roles: tensors in all the roles of one of them make it this kind."""
    takes: ClassVar[frozenset[str]] = frozenset()
    """Roles of the tensors that it uses if they are there."""
    scaled: ClassVar[bool] = False
    """Whether a configuration's alpha scales it."""

    @classmethod
    @abstractmethod
    def fits(cls, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        """Whether tensors of these shapes can change a weight of this shape."""

    @classmethod
    def rank(cls, shapes: Mapping[str, Shape]) -> int | None:
        """What a stored alpha is divided by; None where it does not scale the change."""
        return None

    @classmethod
    def row_group(cls, shapes: Mapping[str, Shape]) -> int:
        """How many neighbouring rows of the weight are changed together: 1 where each is changed for itself."""
        return 1

    @classmethod
    @abstractmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scale: float, options: Options) -> Self:
        """Build one from tensors by role.

        ``scale`` is alpha / rank or what stands in for it; ``options`` are what a configuration and the user say.
        """

    @property
    def linear(self) -> bool:
        """Whether strength 2 is twice the change of strength 1."""
        return True

    @abstractmethod
    def delta(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        """What to add to ``weight`` (float32) at a strength."""


@dataclass(frozen=True, slots=True)
class Patch:
    """An adapter at a strength. Two are equal when they do the same, whether or not their tensors are the same ones."""

    adapter: Adapter = field(compare=False, repr=False)
    strength: float
    digest: str
    """Which adapter: its file's portable name and identity, its module and options. Stacks are sorted by it."""
    running: bool = False
    """Whether it is computed against what the patches before it made of the weight, rather than the pristine one."""

    def delta(self, weight: Tensor) -> Tensor:
        """What to add to ``weight`` (float32)."""
        return self.adapter.delta(weight, self.strength)


def apply_patches(weight: Tensor, patches: Iterable[Patch]) -> Tensor:
    """The pristine weight with every patch's change added, in float32."""
    pristine = weight.float()
    result = pristine.clone()
    for patch in patches:
        result += patch.delta(result if patch.running else pristine)
    return result
