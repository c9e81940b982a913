"""The program over the nodes of these tests: ``python over_test_nodes.py worker --base-directory D``."""

import os
import sys

import conftest
import pytest

patches = pytest.MonkeyPatch()
patches.setattr("cli.parts.builtin", lambda: conftest.NODES)
patches.setattr("cli.execution.NodeCodecs", conftest.NoCodecs)
if "serve" in sys.argv:  # workers need nothing of HTTP
    patches.setattr("cli.serve.PROGRAM", (sys.executable, __file__))
if "QUICK" in os.environ:
    patches.setattr("cli.worker.PATIENCE", 0.2)
if __name__ == "__main__":
    sys.exit(conftest.main())
