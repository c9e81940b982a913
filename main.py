"""Patchbay: run node-graph workflows that make images. ``python main.py --help`` says how."""

import sys

from cli.main import main
from workflows.comfyui import read_editor_format

if __name__ == "__main__":
    sys.exit(main(read_editor_format=read_editor_format))
