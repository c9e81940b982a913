"""What holds for all tests."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as main.py does, before anything imports torch
