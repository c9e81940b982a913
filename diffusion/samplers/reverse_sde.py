"""The reverse SDE over a step, shared by the solvers of it.

With h the step in λ = −log σ and the predicted picture held, x decays toward it by e^(−2h) and noise of variance
σ²·(1 − e^(−2h)) is added.
"""

from __future__ import annotations

from torch import Tensor


def decayed(x: Tensor, denoised: Tensor, h: Tensor) -> Tensor:
    """The mean of x after a step."""
    return (-2 * h).exp() * x - (-2 * h).expm1() * denoised


def spread(h: Tensor) -> Tensor:
    """The standard deviation of the noise a step adds, in units of the sigma it goes to."""
    return (-(-2 * h).expm1()).sqrt()


def rise(h: Tensor) -> Tensor:
    """What a prediction that grows by 1 over the step adds to x: ∫₀¹ 2h·e^(2h(s−1))·s ds, the exponential φ₂."""
    return (-2 * h).expm1() / (2 * h) + 1
