"""The program over the nodes of these tests: ``python over_test_nodes.py worker --base-directory D``."""

import sys

import conftest
import pytest

patches = pytest.MonkeyPatch()
for module in ("run", "check", "nodes", "explain", "jobs"):
    patches.setattr(f"cli.{module}.build_registry", lambda: conftest.Registry(*conftest.NODES))
patches.setattr("cli.execution.NodeCodecs", conftest.NoCodecs)
if __name__ == "__main__":
    sys.exit(conftest.main())
