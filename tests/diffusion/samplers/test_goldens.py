"""Every sampler on an analytic denoiser, beside what a well-known engine computes there."""

import pytest

from benchmarks.toy import goldens, toy_error
from diffusion.names import SAMPLERS

GOLDENS = goldens()


@pytest.mark.parametrize("masked", [False, True], ids=["plain", "masked"])
@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_match_the_goldens(name: str, masked: bool):
    assert toy_error(name, GOLDENS, masked=masked) < 1e-4
