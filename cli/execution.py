"""What runs graphs, and what their nodes may ask for."""

import argparse
import re
from collections.abc import Mapping
from typing import Any

from cli.errors import CommandError
from cli.hashes import FileHashes
from cli.places import Places
from diffusion.errors import OutOfMemory
from diffusion.runtime import Runtime
from graph.executor import Executor
from graph.store import OutputStore
from nodes.codecs import NodeCodecs
from workflows.document import Document
from workflows.outputs import InputFolder, OutputFolder, PreviewFolder

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def build_executor(arguments: argparse.Namespace) -> Executor:
    """What runs graphs one after the other; a node that found the memory full is tried once more."""
    store = OutputStore(read_bytes(arguments.cache_size))
    return Executor(store, NodeCodecs(), recover=lambda error: isinstance(error, OutOfMemory))


def build_resources(where: Places, runtime: Runtime, document: Document) -> Mapping[type, Any]:
    """What the nodes of one document are given when they ask."""
    numbers, hashes = where.state / "counters.sqlite", FileHashes(where.folders, where.state / "hashes.sqlite")
    return {
        Runtime: runtime,
        Document: document,
        InputFolder: InputFolder(where.input),
        OutputFolder: OutputFolder(where.output, numbers, document, hashes),
        PreviewFolder: PreviewFolder(where.previews, numbers, document, hashes),
    }


def read_bytes(text: str) -> int:
    """``4GB``, ``500M`` or plain bytes as a number of bytes. Raises CommandError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip().lower())
    if match is None:
        raise CommandError(f"--cache-size takes bytes, as in 4GB or 500M, not {text!r}")
    return int(float(match[1]) * UNITS[match[2]])
