"""Patchbay: run node-graph workflows that make images. ``python main.py --help`` says how."""

import sys

from cli.main import main

if __name__ == "__main__":
    sys.exit(main())
