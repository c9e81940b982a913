"""What runs graphs, what it remembers from run to run, and what nodes may ask for."""

import argparse
import os
import platform
import re
import shutil
import sqlite3
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cli.errors import CommandError
from cli.hashes import FileHashes
from cli.places import Places
from cli.sources import digest_of_sources
from diffusion.runtime import Runtime
from graph.archive import Archive
from graph.executor import Executor
from graph.journal import Journal
from graph.store import OutputStore
from nodes.codecs import NodeCodecs
from workflows.document import Document
from workflows.outputs import InputFolder, OutputFolder, PreviewFolder
from workflows.publishing import Publisher

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
CODE = ("graph", "diffusion", "nodes")
PACKAGES = ("torch", "diffusers", "transformers")


DEVICES = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
FORMATS = ("auto", "fp32", "fp16", "bf16")


class Execution:
    """Runs one file after the other over the same loaded models and stored outputs."""

    def __init__(self, where: Places, arguments: argparse.Namespace):
        """Raises CommandError for options that mean nothing, and where nothing can be remembered."""
        if DEVICES.fullmatch(arguments.device) is None:
            raise CommandError(f"--device takes auto, cpu, cuda, cuda:1 or mps, not {arguments.device!r}")
        if arguments.dtype not in FORMATS:
            raise CommandError(f"--dtype takes {', '.join(FORMATS)}, not {arguments.dtype!r}")
        self._where, self._codecs = where, NodeCodecs()
        self._store = OutputStore(read_bytes(arguments.cache_size))
        self._runtime = Runtime(where.folders, arguments.device, arguments.dtype, (self._store.free,))
        self._hashes = FileHashes(where.folders, where.state / "hashes.sqlite")
        self._archive = self._journal = None
        if not arguments.no_cache:
            try:
                self._archive = Archive(where.state / "archive", self._codecs, _stamp(arguments, where.packs))
                self._journal = Journal(where.state / "journal.sqlite", "")
            except (OSError, sqlite3.Error) as error:
                raise CommandError(_unwritable(where.state, error)) from error

    def executor(self, workflow: str) -> Executor:
        """What runs the graph of a workflow, whose earlier runs are remembered under this name."""
        journal = self._journal.of(workflow) if self._journal is not None else None
        return Executor(self._store, self._codecs, self._archive, journal)

    def resources(self, document: Document, publisher: Publisher | None = None) -> Mapping[type, Any]:
        """What the nodes of a document are given when they ask. ``publisher`` names saved files; by default we do."""
        where, numbers = self._where, self._where.state / "counters.sqlite"
        return {
            Runtime: self._runtime,
            Document: document,
            InputFolder: InputFolder(where.input),
            OutputFolder: OutputFolder(where.output, numbers, document, self._hashes, publisher),
            PreviewFolder: PreviewFolder(where.previews, numbers, document, self._hashes, publisher),
        }

    def warm(self) -> None:
        """Do now what the first model would wait for: torch is imported, the device looked at."""
        _ = self._runtime.residency

    def free(self, *, models: bool, cache: bool) -> None:
        """Let go of models, and of outputs kept in memory."""
        if models:
            self._runtime.forget()
        if cache:
            self._store.free(self._store.used)

    def resident(self) -> list[str]:
        """The model files whose weights are on the device, as ``<folder>/<name>``."""
        return self._runtime.resident()

    def device(self) -> Mapping[str, Any] | None:
        """The device and its memory in bytes; None before the first model was used, which is when it is looked at."""
        return self._runtime.state()


def read_bytes(text: str, option: str = "--cache-size") -> int:
    """``4GB``, ``500M`` or plain bytes as a number of bytes. Raises CommandError that names the option."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip().lower())
    if match is None:
        raise CommandError(f"{option} takes bytes, as in 4GB or 500M, not {text!r}")
    return int(float(match[1]) * UNITS[match[2]])


def _unwritable(state: Path, error: Exception) -> str:
    reason = (error.strerror if isinstance(error, OSError) else None) or error
    advice = "name a directory that can be with --state-directory"
    return f"{state}, where runs remember what they made, cannot be written to ({reason}); {advice}"


def _stamp(arguments: argparse.Namespace, packs: Path | None) -> str:
    """What changes numbers beside the workflow: our code and that of packs, the libraries, device, number format."""
    code = [Path(__file__).parents[1] / package for package in CODE]
    digest = digest_of_sources(*code, *([packs] if packs is not None else []))
    versions = " ".join(f"{package} {version(package)}" for package in PACKAGES)
    kind = arguments.device.partition(":")[0]  # a machine's cards share what they made
    drivers = shutil.which("nvidia-smi"), os.environ.get("CUDA_VISIBLE_DEVICES")  # what "auto" will mean here
    return f"{digest} {versions} {platform.machine()} {drivers} {kind} {arguments.dtype}"
