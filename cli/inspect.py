"""``inspect FILE…``: what model files are, from their headers alone, without torch."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.errors import CommandError, ExitCode
from cli.places import Places, places
from cli.words import count
from diffusion.adapters.dialects import Targets
from diffusion.adapters.match import Index, match
from diffusion.adapters.report import report
from diffusion.errors import DiffusionError, UnknownFamily
from diffusion.families.detection import detect, looks_like
from diffusion.files.header import Header, read_header
from diffusion.handle import Component

COMPONENTS: tuple[Component, ...] = ("model", "text", "vae")


def command(arguments: argparse.Namespace) -> int:
    """Describe each file; with ``--on CHECKPOINT`` also what an adapter would change of that checkpoint."""
    where = places(arguments)
    try:
        targets = _targets(where, arguments.on) if arguments.on else None
        found = [_inspect(_find(where, name), targets) for name in arguments.files]
    except DiffusionError as error:
        raise CommandError(str(error)) from error
    for inspected in found:
        if arguments.json:
            print(json.dumps(inspected))
        else:
            print("\n".join(inspected["sentences"]))
            for key, value in sorted(inspected["metadata"].items()):
                print(f"  {key}: {value if len(value) <= 100 else value[:100] + ' …'}")
    return ExitCode.DONE


def _find(where: Places, name: str) -> Path:
    """A path as it is, or a name looked up in every model folder. Raises CommandError."""
    if Path(name).is_file():
        return Path(name)
    kinds = where.folders.kinds()
    found = {kind: known for kind in kinds if (known := where.folders.find(kind, name)) is not None}
    if not found:
        raise CommandError(f"there is no file {name}, and the model folders have none of that name")
    kind, known = next(iter(found.items()))
    return where.folders.path(kind, known)


def _inspect(path: Path, targets: Mapping[Component, Targets] | None) -> dict[str, Any]:
    header = read_header(path)
    sentences = [_sentence(header, path.stat().st_size)]
    if targets is not None:
        found = report(path.name, header, match(header, Index.of(targets)), targets)
        sentences += [found.refusal] if found.refusal else found.sentences()
    return {"file": str(path), "sentences": sentences, "metadata": dict(header.metadata)}


def _sentence(header: Header, size: int) -> str:
    """What the file is, as far as its names and shapes tell."""
    try:
        what = f"a checkpoint of {detect(header).title}"
    except UnknownFamily:
        what = looks_like(header) or "nothing known here"
    formats = sorted({entry.dtype for entry in header.tensors.values()})
    return f"{header.name}: {what}; {count(len(header.tensors), 'tensor')} ({', '.join(formats)}), {size / 1e6:,.1f} MB"


def _targets(where: Places, checkpoint: str) -> Mapping[Component, Targets]:
    header = read_header(_find(where, checkpoint))
    family = detect(header)
    return {component: family.targets(component, header) for component in COMPONENTS}
