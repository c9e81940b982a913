"""``comfy.utils``: bars, and pictures brought to another size."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodes.comfyui.progress import ProgressBar

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ProgressBar", "common_upscale", "load_torch_file"]


def common_upscale(samples: "Tensor", width: int, height: int, upscale_method: str, crop: str) -> "Tensor":
    """(B, C, H, W) resized; ``crop`` "center" cuts to the new shape first, "disabled" stretches."""
    from diffusion.resize import resize

    return resize(samples, height, width, upscale_method, crop=crop == "center")


def load_torch_file(ckpt: str, safe_load: bool = True, device: Any = None) -> dict[str, "Tensor"]:
    """All tensors of a model file. Pickles are read by their weights alone, whatever ``safe_load`` says."""
    from diffusion.weights import open_weights

    with closing(open_weights(Path(ckpt))) as source:
        return {name: source.read(name) for name in source.header.tensors}
