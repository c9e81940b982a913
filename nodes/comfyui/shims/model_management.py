"""``comfy.model_management``: the device, and whether the run was stopped."""

from typing import TYPE_CHECKING

from nodes.comfyui.progress import current

if TYPE_CHECKING:
    import torch


def get_torch_device() -> "torch.device":
    """The device that models run on."""
    from diffusion.device import choose_device

    return choose_device().place


def intermediate_device() -> "torch.device":
    """Where values between nodes are."""
    import torch

    return torch.device("cpu")


def throw_exception_if_processing_interrupted() -> None:
    """Raise where the run was stopped."""
    progress = current()
    if progress is not None:
        progress.check()


def soft_empty_cache() -> None:
    """Nothing to do: memory is given back when it is asked for."""
