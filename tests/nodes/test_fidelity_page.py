"""Every sampler, schedule and node stands in docs/fidelity.md."""

from pathlib import Path

import pytest

from diffusion.names import SAMPLERS, SCHEDULES
from nodes import builtin

PAGE = (Path(__file__).parents[2] / "docs" / "fidelity.md").read_text()


@pytest.mark.parametrize("name", [*SAMPLERS, *SCHEDULES])
def test_a_sampler_or_schedule_has_a_row_with_its_error(name):
    assert f"\n| {name} | " in PAGE


def test_every_node_says_how_it_is_held():
    _, _, rest = PAGE.partition("\n## Nodes\n")
    held, _, _ = rest.partition("\n## ")
    names = [function.node_type.spec.name for function in builtin()]
    assert [name for name in names if f"`{name}`" not in held] == []
