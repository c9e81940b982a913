"""Whole workflows on a full-size checkpoint of random weights, beside what a well-known engine computes.

Run with ``pytest -m full``, and with PATCHBAY_FULL_BASE naming a base directory that holds the checkpoint and its
adapters, PATCHBAY_GOLDENS the directory of goldens.
"""

import json
import os
from pathlib import Path

import pytest

from benchmarks.fidelity import FullSize

pytestmark = pytest.mark.full
BASE, GOLDENS = (os.environ.get(name) for name in ("PATCHBAY_FULL_BASE", "PATCHBAY_GOLDENS"))
NAMES = [entry["name"] for entry in json.loads((Path(GOLDENS) / "manifest.json").read_text())] if GOLDENS else []


@pytest.fixture(scope="module")
def engine() -> FullSize:
    return FullSize(Path(BASE), Path(GOLDENS))


@pytest.mark.skipif(
    not (BASE and GOLDENS), reason="PATCHBAY_FULL_BASE and PATCHBAY_GOLDENS do not say where checkpoint and goldens are"
)
@pytest.mark.parametrize("name", NAMES)
def test_workflows_match_the_goldens(name: str, engine: FullSize):
    lacking = engine.lacks(name)
    if lacking:
        pytest.skip(f"its nodes {', '.join(sorted(lacking))} are not there yet")
    assert engine.error(name) < 1e-3
