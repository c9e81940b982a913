"""Which file a name means: by path, then by stem, then by the alias its trainer gave it, then by hash."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from diffusion.adapters.mentions import Mention
from diffusion.errors import FileNotInFolder, UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.files.header import read_header
from diffusion.files.identity import autov2, autov3
from diffusion.handle import FileRef

KIND = "loras"
HASH = re.compile(r"[0-9a-f]{8,64}")
SHORTEST = 8  # digits of a hash that still name one file


def find_adapter(folders: ModelFolders, name: str) -> str | None:
    """The portable name of the file that a user's name stands for, or None.

    Raises FileNotInFolder listing the candidates where there are several.
    """
    found = folders.find(KIND, name)
    if found is not None:
        return found
    candidates = adapters_called(folders, name)
    if len(candidates) > 1:
        listed = ", ".join(candidates)
        raise FileNotInFolder(f"{name} is ambiguous in {KIND}: it could be {listed}. Write the file's name.")
    return candidates[0] if candidates else None


def adapters_called(folders: ModelFolders, name: str) -> list[str]:
    """The files that an alias or a hash fits, whatever they are called themselves."""
    candidates = [known for known, metadata in _metadata(folders) if _alias(metadata).lower() == name.lower()]
    if not candidates and HASH.fullmatch(name.lower()):
        candidates = _by_hash(folders, name.lower())
    return candidates


def files_mentioned(mentions: Iterable[Mention], folders: ModelFolders) -> tuple[FileRef, ...]:
    """The files that LoRAs and hypernetworks are named by, each once; names that mean none or several are left out."""
    found: dict[FileRef, None] = {}
    for mention in mentions:
        kind = KIND if mention.kind == "lora" else "hypernetworks"
        try:
            name = find_adapter(folders, mention.name) if kind == KIND else folders.find(kind, mention.name)
        except FileNotInFolder:
            continue
        if name is not None:
            found[folders.ref(kind, name)] = None
    return tuple(found)


def _metadata(folders: ModelFolders) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What every file that can be read says about itself; one that cannot has no alias to be found by."""
    for known in folders.names(KIND):
        path = folders.path(KIND, known)
        if path.suffix in (".safetensors", ".sft"):
            try:
                yield known, read_header(path, known).metadata
            except UnreadableFile:
                continue


def _alias(metadata: Mapping[str, str]) -> str:
    return metadata.get("ss_output_name", "")


def _by_hash(folders: ModelFolders, digits: str) -> list[str]:
    """By the hashes that trainers record and model sites show; whole files are hashed only if no record fits."""
    recorded = [
        known
        for known, metadata in _metadata(folders)
        if any(_agree(digits, metadata.get(key, "")) for key in ("sshs_model_hash", "sshs_legacy_hash"))
    ]
    if recorded:
        return recorded
    return [
        known
        for known, _ in _metadata(folders)
        if any(_agree(digits, of(folders.path(KIND, known))) for of in (autov2, autov3))
    ]


def _agree(digits: str, hash: str) -> bool:
    """Whether one is the beginning of the other."""
    length = min(len(digits), len(hash))
    return length >= SHORTEST and digits[:length] == hash[:length]
