"""``doctor``: what this machine has, and what is wrong with it, in sentences."""

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cli.errors import ExitCode
from cli.places import Places, places
from diffusion.errors import DiffusionError

PACKAGES = (
    *("torch", "diffusers", "transformers", "tokenizers", "safetensors"),
    *("pillow", "numpy", "scipy", "networkx", "torchsde", "PyYAML", "rich", "aiohttp"),
)
OLDEST = (3, 11)
LITTLE_SPACE = 5e9  # bytes: less than one checkpoint and its pictures


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``wrong`` says what is, and what to do about it."""

    subject: str
    state: str
    wrong: str = ""


def command(arguments: argparse.Namespace) -> int:
    """Print every finding, what is wrong last."""
    where = places(arguments)
    found = [*_program(), *_device(arguments), *_directories(where), *_models(where)]
    wrong = [finding.wrong for finding in found if finding.wrong]
    width = max(len(finding.subject) for finding in found)
    for finding in found:
        print(json.dumps(vars(finding)) if arguments.json else f"{finding.subject:<{width}}  {finding.state}")
    if not arguments.json:
        print("\n".join(f"wrong: {sentence}" for sentence in wrong) or "nothing is wrong")
    return ExitCode.FAILED if wrong else ExitCode.DONE


def _program() -> Iterator[Finding]:
    yield Finding(
        "system", f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} processors"
    )
    old = f"this program needs Python {'.'.join(map(str, OLDEST))} or later"
    yield Finding("Python", platform.python_version(), old if sys.version_info < OLDEST else "")
    for package in PACKAGES:
        try:
            yield Finding(package, version(package))
        except PackageNotFoundError:
            yield Finding(package, "missing", f"{package} is not installed; run: pip install -r requirements.txt")


def _device(arguments: argparse.Namespace) -> Iterator[Finding]:
    try:
        from diffusion.device import choose_device
    except ImportError as error:
        yield Finding("device", "none", f"torch cannot be imported ({error}); install it as README.md says")
        return
    try:
        described = choose_device(arguments.device, arguments.dtype).describe()
    except DiffusionError as error:
        yield Finding("device", "none", str(error))
        return
    for subject, state in described.items():
        if subject not in ("torch", "python"):  # said above
            yield Finding(subject, state)


def _directories(where: Places) -> Iterator[Finding]:
    yield Finding("input", str(where.input))
    for subject, directory in (("output", where.output), ("state", where.state)):
        there = _nearest_existing(directory)
        free = shutil.disk_usage(there).free
        wrong = ""
        if not os.access(there, os.W_OK):
            wrong = f"{directory} cannot be written to"
        elif free < LITTLE_SPACE:
            wrong = f"only {free / 1e9:.1f} GB are free in {directory}"
        yield Finding(subject, f"{directory} ({free / 1e9:.0f} GB free)", wrong)


def _models(where: Places) -> Iterator[Finding]:
    counts = {kind: len(where.folders.names(kind)) for kind in where.folders.kinds()}
    yield Finding("models", ", ".join(f"{found} {kind}" for kind, found in counts.items() if found) or "none")
    if not counts.get("checkpoints"):
        advice = f"put one into {where.folders.roots('checkpoints')[0]}, or name a folder with --models"
        yield Finding("checkpoints", "none", f"there is no checkpoint; {advice}")


def _nearest_existing(directory: Path) -> Path:
    return next(known for known in (directory, *directory.parents) if known.is_dir())
