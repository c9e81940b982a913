"""``packs``: what the packs of a directory bring, and why some cannot be used. Also what other verbs know of packs.

Loading packs runs their code and imports torch, which only what runs nodes may do. Everybody else reads what this verb
said of them in a process of its own, kept for as long as no source and no folder has changed.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import CommandError, ExitCode
from cli.parts import Pack, build_registry
from cli.places import Places, places
from cli.sources import digest_of_sources
from cli.words import count
from graph.declare import NodeType
from graph.spec import spec_from_json, spec_to_json

ROOT = Path(__file__).parents[1]
PATIENCE = 300  # seconds for packs to load
KEPT = "packs.json"


class NotLoaded(Exception):
    """A node type that is only described here was about to run."""


@dataclass(frozen=True)
class Described:
    """A pack as its description says."""

    name: str
    types: tuple[NodeType, ...]
    reasons: tuple[str, ...]


def command(arguments: argparse.Namespace) -> int:
    """List the packs with what they bring; refused where there is no directory of them."""
    where = places(arguments)
    if where.packs is None:
        raise CommandError("name the directory of packs: --custom-nodes D")
    for pack in arguments.load_packs(where, build_registry()):
        if arguments.json:
            print(json.dumps(_written(pack)))
            continue
        print(f"{pack.name}: {count(len(pack.types), 'node')}")
        for node_type in pack.types:
            print(f"  {node_type.spec.name}")
        for reason in pack.reasons:
            print(f"  not used: {reason}")
    return ExitCode.DONE


def describe(where: Places) -> list[Described]:
    """What the packs declare, without running their code in this process. Raises CommandError where that fails."""
    assert where.packs is not None
    key, kept = _key(where), where.state / KEPT
    lines = _recalled(kept, key)
    if lines is None:
        lines = _asked(where)
        kept.parent.mkdir(parents=True, exist_ok=True)
        pending = kept.with_suffix(f".{os.getpid()}")
        pending.write_text(json.dumps({"key": key, "packs": lines}))
        os.replace(pending, kept)
    return [
        Described(line["name"], tuple(_type(entry) for entry in line["types"]), tuple(line["reasons"]))
        for line in lines
    ]


def _asked(where: Places) -> list[Mapping[str, Any]]:
    """Let a short-lived process load the packs and say what they declare."""
    words = [sys.executable, str(ROOT / "main.py"), "packs", "--json", *_options(where)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT)
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"the packs in {where.packs} did not load within {PATIENCE} s") from error
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"the process ended with {done.returncode}"]
        raise CommandError(f"the packs in {where.packs} could not be loaded: {last[0]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"name"')]


def _options(where: Places) -> list[str]:
    return [
        *("--base-directory", str(where.base), "--custom-nodes", str(where.packs)),
        *("--input-directory", str(where.input), "--output-directory", str(where.output)),
        *("--state-directory", str(where.state)),
        *(word for directory in where.models for word in ("--models", str(directory))),
    ]


def _recalled(kept: Path, key: str) -> list[Mapping[str, Any]] | None:
    """What was said of the same packs before."""
    try:
        found = json.loads(kept.read_text())
    except (OSError, ValueError):  # never kept, or written by another version: it is asked for again
        return None
    packs: list[Mapping[str, Any]] | None = found.get("packs") if found.get("key") == key else None
    return packs


def _key(where: Places) -> str:
    """A digest of all that declarations are made of: the packs, our reading of them, and what drop-downs list."""
    assert where.packs is not None
    listed = {kind: where.folders.names(kind) for kind in where.folders.kinds()}
    inputs = sorted(path.name for path in where.input.iterdir()) if where.input.is_dir() else []
    parts = [str(where.packs), digest_of_sources(where.packs), digest_of_sources(ROOT / "nodes"), sys.version]
    return hashlib.sha256(json.dumps([*parts, listed, inputs]).encode()).hexdigest()


def _written(pack: Pack) -> dict[str, Any]:
    return {
        "name": pack.name,
        "types": [
            {"spec": spec_to_json(kind.spec), "watches": kind.fingerprint is not None, "placed": kind.is_placed}
            for kind in pack.types
        ],
        "reasons": list(pack.reasons),
    }


def _type(entry: Mapping[str, Any]) -> NodeType:
    """A node type that can be checked and planned, not run."""
    spec = spec_from_json(entry["spec"])
    fingerprint = _unknown if entry["watches"] else None
    needs = (lambda inputs: ()) if any(declared.lazy for declared in spec.inputs) else None
    return NodeType(spec, _refuse, needs=needs, fingerprint=fingerprint, is_placed=entry["placed"], reads_links=False)


def _refuse(**arguments: Any) -> Any:
    raise NotLoaded("this node's pack is only described here")


def _unknown(inputs: Mapping[str, Any]) -> str:
    raise NotLoaded("only the run will tell")
