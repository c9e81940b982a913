"""``inspect FILE…``: what model files are, from their headers alone, without torch unless a file is pickled."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli.errors import CommandError, ExitCode
from cli.places import Places, places
from cli.words import count
from diffusion.adapters.alphas import alphas_of, configs_of
from diffusion.adapters.dialects import Targets
from diffusion.adapters.match import Index, match
from diffusion.adapters.report import AdapterReport, describe, report
from diffusion.errors import DiffusionError, UnknownFamily
from diffusion.families.detection import detect, looks_like
from diffusion.files.header import PICKLES, Header, read_header
from diffusion.files.identity import autov2, autov3
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


def describe_model(path: Path) -> dict[str, Any]:
    """What a file says of itself, for programs and without torch: a pickled file is not looked into.

    Raises DiffusionError for what cannot be read.
    """
    if path.suffix.lower() in PICKLES:
        return {"sentences": [f"{path.name} is a pickled file; it is looked into when it is loaded."], "metadata": {}}
    header = read_header(path)
    adapter = _adapter(path, header, None)
    sentence = _sentence(header, path.stat().st_size, adapter)
    described = {"metadata": dict(header.metadata), "tensors": len(header.tensors)}
    if adapter is None:
        return described | {"sentences": [sentence], "family": _family(header)}
    return described | {
        "sentences": [sentence, *_told(adapter)],
        "family": adapter.family,
        "trigger_words": list(adapter.trigger_words),
        "adapter": asdict(adapter),
    }


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
    header = _header(path)
    adapter = _adapter(path, header, targets)
    sentences = [_sentence(header, path.stat().st_size, adapter)]
    inspected = {"file": str(path), "sentences": sentences, "metadata": dict(header.metadata)}
    if adapter is None and targets is None:
        return inspected
    if adapter is None:
        sentences.append(f"{path.name} is no adapter.")
        return inspected
    sentences += _told(adapter)
    hashes = _hashes(path, adapter)
    sentences.append(f"{path.name}: " + ", ".join(f"{name} {digits}" for name, digits in hashes.items()) + ".")
    return inspected | {"adapter": asdict(adapter), "hashes": hashes}


def _told(adapter: AdapterReport) -> tuple[str, ...]:
    return (adapter.refusal,) if adapter.refusal else adapter.sentences()


def _header(path: Path) -> Header:
    if path.suffix.lower() not in PICKLES:
        return read_header(path)
    from diffusion.weights import open_weights

    source = open_weights(path)
    source.close()
    return source.header


def _adapter(path: Path, header: Header, targets: Mapping[Component, Targets] | None) -> AdapterReport | None:
    """What a file does as an adapter, to the weights it is held against if there are any; None where it is none.

    One of a kind that is recognised and not applied has no modules and a refusal that names the kind.
    """
    configs = configs_of(header.metadata, path, path.name)
    alphas = tuple(alphas_of(path, header, configs))
    described = describe(path.name, header, alphas)
    if _checkpoint(header) or not (described.total or described.notes):
        return None
    if targets is None:
        return described
    return report(path.name, header, match(header, Index.of(targets), configs), targets, alphas)


def _hashes(path: Path, adapter: AdapterReport) -> dict[str, str]:
    """The hashes that sites and pictures know a file by, and the one its trainer recorded."""
    hashes = {"AutoV2": autov2(path)}
    if path.suffix.lower() not in PICKLES:
        hashes["AutoV3"] = autov3(path)
    return hashes | ({"recorded": adapter.hash} if adapter.hash else {})


def _sentence(header: Header, size: int, adapter: AdapterReport | None) -> str:
    """What the file is, as far as its names and shapes tell."""
    if adapter is not None and not (adapter.total or adapter.elsewhere):
        what = "an adapter of a kind that is not applied here"
    else:
        what = _checkpoint(header) or looks_like(header) or ("an adapter — use LoraLoader" if adapter else "")
    formats = sorted({entry.dtype for entry in header.tensors.values()})
    holds = f"{count(len(header.tensors), 'tensor')} ({', '.join(formats)}), {size / 1e6:,.1f} MB"
    return f"{header.name}: {what or 'nothing known here'}; {holds}"


def _checkpoint(header: Header) -> str:
    """That a file is a checkpoint and of which family, or ""."""
    family = _family(header)
    return family and f"a checkpoint of {family}"


def _family(header: Header) -> str:
    """Of which family a file is a checkpoint, or ""."""
    try:
        return detect(header).title
    except UnknownFamily:
        return ""


def _targets(where: Places, checkpoint: str) -> Mapping[Component, Targets]:
    header = _header(_find(where, checkpoint))
    family = detect(header)
    return {component: family.targets(component, header) for component in COMPONENTS}
