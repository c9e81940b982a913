"""The program over the nodes of these tests: ``python over_test_nodes.py worker --base-directory D``."""

import sys

import conftest
import pytest

patches = pytest.MonkeyPatch()
served = ["serve"] if "serve" in sys.argv else []  # workers need nothing of HTTP
for module in ("run", "check", "nodes", "explain", "jobs", *served):
    patches.setattr(f"cli.{module}.build_registry", lambda: conftest.Registry(*conftest.NODES))
patches.setattr("cli.execution.NodeCodecs", conftest.NoCodecs)
if served:
    patches.setattr("cli.serve.PROGRAM", (sys.executable, __file__))
if __name__ == "__main__":
    sys.exit(conftest.main())
