"""What changes how a network computes rather than its weights: hypernetworks, FreeU."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from diffusion.files.folders import ModelFolders

if TYPE_CHECKING:
    from torch import nn


class BlockPatch(Protocol):
    """A value that a model carries in ``block_patches``; they act in the order in which they were put on."""

    def attached(self, network: nn.Module, folders: ModelFolders) -> AbstractContextManager[None]:
        """Act on a resident network for as long as the context lasts. Raises what reading a file raises."""
        ...
