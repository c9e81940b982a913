"""What running models takes, in one value that costs nothing until a model is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from diffusion.files.folders import ModelFolders

if TYPE_CHECKING:
    from diffusion.residency import Residency


@dataclass(frozen=True)
class Runtime:
    """Model folders and a device by name. torch is imported when ``residency`` is first asked for.

    A run whose outputs are all stored therefore never imports torch.
    """

    folders: ModelFolders
    device: str = "auto"
    dtype: str = "auto"
    consumers: tuple[Callable[[int], object], ...] = ()
    """Who else keeps main memory, and gives back as many bytes as it is asked for when models need them."""

    @cached_property
    def residency(self) -> Residency:
        """The one owner of the device's weights."""
        from diffusion.device import choose_device
        from diffusion.residency import Residency

        residency = Residency(self.folders, choose_device(self.device, self.dtype))
        for consumer in self.consumers:
            residency.add_consumer(consumer)
        return residency

    def resident(self) -> list[str]:
        """The model files whose weights are on the device, as ``<folder>/<name>``."""
        return self.residency.files() if self._is_used else []

    def state(self) -> Mapping[str, Any] | None:
        """The device and its memory in bytes; None before the first model was used, which is when it is looked at."""
        return self.residency.state() if self._is_used else None

    def forget(self) -> None:
        """Drop every model that is not in use."""
        if self._is_used:
            self.residency.forget()

    @property
    def _is_used(self) -> bool:
        return "residency" in vars(self)
