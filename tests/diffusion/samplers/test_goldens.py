"""Every sampler on an analytic denoiser, beside what a well-known engine computes there."""

from pathlib import Path

import pytest
from safetensors.torch import load_file

from benchmarks.fidelity import PAGE, relative, run_toy
from diffusion.names import SAMPLERS, SCHEDULES

GOLDENS = load_file(Path(__file__).parents[2] / "golden" / "toy_samplers.safetensors")


@pytest.mark.parametrize("case", ["plain", "masked"])
@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_match_the_goldens(name: str, case: str):
    got = run_toy(name, GOLDENS, masked=case == "masked")
    assert relative(got, GOLDENS[f"{name}/karras/4/{case}"]) < 1e-4


def test_the_page_on_fidelity_lists_every_sampler_and_schedule():
    page = PAGE.read_text()
    for name in (*SAMPLERS, *SCHEDULES):
        assert f"| {name} |" in page
