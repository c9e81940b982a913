"""Patchbay: run node-graph workflows that make images. ``python main.py --help`` says how."""

import os
import signal
import sys

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Until a run begins there is nothing to stop or to tidy, and an interrupted import would print a traceback.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

from cli.main import main
from workflows.comfyui import read_editor_format

# Read when torch starts its threads. Threads that wait by spinning make everything on a busy machine many times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if __name__ == "__main__":
    sys.exit(main(read_editor_format=read_editor_format))
