"""Patchbay: run node-graph workflows that make images. ``python main.py --help`` says how."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Until a run begins there is nothing to stop or to tidy, and an interrupted import would print a traceback.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

from cli.main import main
from workflows.comfyui.editing import read_for_editing
from workflows.comfyui.reading import read_editor_format

if TYPE_CHECKING:
    from aiohttp import web

    from cli.places import Places

# Read when torch starts its threads. Threads that wait by spinning make everything on a busy machine many times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def load_packs(where: Places, taken: Container[str]) -> Sequence[Any]:
    """Packs of public node classes, loaded by what alone knows them. Runs their code."""
    from nodes.comfyui.packs import load_packs
    from nodes.comfyui.shims.folder_paths import Folders

    assert where.packs is not None
    folders = Folders(where.base, where.folders, where.input, where.output, where.previews)
    return load_packs(where.packs, folders, taken)


def public_api(user_folder: Path) -> Callable[[web.Application], None]:
    """The routes of the public API, imported by those who serve."""
    from server.comfyui.routes import public_api

    return public_api(user_folder)


if __name__ == "__main__":
    sys.exit(
        main(
            read_editor_format=read_editor_format,
            read_for_editing=read_for_editing,
            load_packs=load_packs,
            edges=(public_api,),
        )
    )
