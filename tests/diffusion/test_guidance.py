import subprocess
import sys

import pytest
import torch
from torch import Tensor

from diffusion.guidance import ClassifierFree, PerpendicularNegative, RescaleGuidance

X = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
SIGMA = torch.tensor(3.0)


def plain(toward: Tensor, away: Tensor, scale: float) -> Tensor:
    return away + scale * (toward - away)


def unit(index: int) -> Tensor:
    picture = torch.zeros(1, 4, 8, 8)
    picture.view(-1)[index] = 1
    return picture


def test_what_nodes_pass_on_is_described_without_torch():
    code = "import sys, diffusion.guidance, diffusion.custom_sampling; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("negative", [unit(1), unit(1) + 5 * unit(0)], ids=["across", "askew"])
def test_of_the_negative_only_what_is_across_the_positive_counts(negative: Tensor):
    guided = PerpendicularNegative(2.0, 0.5)(plain, [unit(0), negative, torch.zeros(1, 4, 8, 8)])
    torch.testing.assert_close(guided, 2 * unit(0) - unit(1))


def test_without_a_share_rescaling_is_plain_guidance():
    toward, away = X * 0.5, X * 0.1 + 0.3
    got = RescaleGuidance(0.0)(X, SIGMA, toward, away, 7.0)
    torch.testing.assert_close(got, ClassifierFree(7.0)(plain, [toward, away]), atol=1e-4, rtol=1e-4)


def test_rescaled_guidance_has_the_spread_of_the_positives_velocity():
    toward, away = X * 0.5, X.flip(0) * 0.1

    def spread(denoised: Tensor) -> Tensor:
        return ((X / (SIGMA**2 + 1) - denoised) * (SIGMA**2 + 1).sqrt() / SIGMA).std((1, 2, 3))

    got = RescaleGuidance(1.0)(X, SIGMA, toward, away, 7.0)
    torch.testing.assert_close(spread(got), spread(toward))
