"""Edges by Canny (1986), with the constants that the pictures ControlNets are used with were made with."""

from __future__ import annotations

import numpy
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn.functional import conv2d, pad

from diffusion.filters import gaussian, smooth

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))
AROUND = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
"""(down, right) for each eighth of a turn."""
ALIKE = 1e-5  # strengths that differ by less differ by rounding


def canny(pixels: Tensor, low: float, high: float) -> Tensor:
    """The edges of pictures (B, H, W, C) as white lines on black (B, H, W, 3).

    An edge is where the gradient is greatest across it, above ``low``, and joined to a place above ``high``.
    """
    if low > high:
        raise ValueError(f"'low_threshold' ({low:g}) must not be greater than 'high_threshold' ({high:g}).")
    strength = _thinned(*_gradient(pixels)).squeeze(1)  # (B, H, W)
    edges = numpy.stack([_joined(one > low, one > high) for one in strength.numpy()])
    return torch.from_numpy(edges).float()[..., None].expand(-1, -1, -1, 3).contiguous()


def _gradient(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """How strong the change of brightness is, and in which eighth of a turn it points. Both: (B, 1, H, W)."""
    grey = (pixels[..., :3] * pixels.new_tensor(LUMA)).sum(-1).unsqueeze(1)
    grey = pad(smooth(grey, gaussian(2, 1.0)), (1, 1, 1, 1), mode="replicate")
    kernel = grey.new_tensor(SOBEL)
    right, down = (conv2d(grey, side[None, None]) for side in (kernel, kernel.T))
    eighth = (torch.atan2(down, right) * 4 / torch.pi).round().long() % 8
    return (right**2 + down**2 + 1e-6).sqrt(), eighth


def _thinned(strength: Tensor, eighth: Tensor) -> Tensor:
    """Only what is stronger than its neighbours along the gradient, and of two alike the further one.

    Across an ideal edge two are alike: were both to fall, as some programs have it, the edge would have holes.
    """
    height, width = strength.shape[-2:]
    framed = pad(strength, (1, 1, 1, 1))
    around = torch.cat([framed[..., 1 + y : 1 + y + height, 1 + x : 1 + x + width] for y, x in AROUND], dim=1)
    ahead, behind = around.gather(1, eighth), around.gather(1, (eighth + 4) % 8)
    return strength * ((strength > ahead + ALIKE) & (strength >= behind - ALIKE))


def _joined(weak: numpy.ndarray, strong: numpy.ndarray) -> numpy.ndarray:
    """The connected parts of ``weak`` (H, W) that hold something of ``strong``."""
    parts, _ = ndimage.label(weak, structure=numpy.ones((3, 3)))
    return weak & numpy.isin(parts, parts[strong])
