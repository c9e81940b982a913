"""What running models takes, in one value that costs nothing until a model is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

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
