"""Where a prompt names textual inversions, ``embedding:name``, and which files that means. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import NamedTuple

from diffusion.errors import FileNotInFolder
from diffusion.files.folders import KINDS, ModelFolders
from diffusion.handle import FileRef
from diffusion.text.bundles import NONE, Bundles

KIND = "embeddings"
MARK = re.compile(r"(?:^|\s)embedding:")
ENDINGS = (".safetensors", ".pt", ".bin")
"""Tried in this order after a name without one."""


class Reference(NamedTuple):
    """A textual inversion as the prompt names it."""

    name: str
    file: FileRef | None
    """None where no file, or more than one, is meant."""
    note: str = ""
    """What the user should know of how the name was read, as a sentence."""
    words: tuple[int, ...] = ()
    """The tokens it is where the file turns out to be of no use."""
    bundled: bool = False
    """Whether the file is an adapter's, with this and maybe others in it."""

    @property
    def key(self) -> FileRef | None:
        """What its vectors are known by: its file, or its place within an adapter's."""
        if self.file is None or not self.bundled:
            return self.file
        return FileRef(f"{self.file.path}/{self.name}", self.file.identity)


def references(text: str, folders: ModelFolders, bundles: Bundles = NONE) -> Iterator[str | Reference]:
    """Cut a text into its words and the textual inversions among them, in order.

    A name ends at white space; commas at its end belong to the words that follow, unless a file is called so.
    """
    words, *named = MARK.split(text)
    if words:
        yield words
    for part in named:
        name, rest = (*part.split(maxsplit=1), "", "")[:2]
        reference = look_up(name, folders, bundles)
        bare = name.rstrip(",")
        if reference.file is None and bare != name:
            reference = look_up(bare, folders, bundles)
            rest = f"{name.removeprefix(bare)} {rest}"
        yield reference
        if rest:
            yield rest


def look_up(name: str, folders: ModelFolders, bundles: Bundles = NONE) -> Reference:
    """The file that a name means, with or without its ending, in any sub-folder; else what an adapter brings along."""
    if not name:
        return Reference(name, None, "'embedding:' is followed by no name, so it was left out.")
    spellings = [name] if name.lower().endswith(tuple(KINDS[KIND][1])) else [name + ending for ending in ENDINGS]
    for spelling in spellings:
        try:
            folders.path(KIND, spelling)
        except FileNotInFolder:
            continue
        return Reference(name, folders.ref(KIND, spelling))
    try:
        # Asked for with an ending, so that "style-v1.3" is not taken for "style-v1.pt".
        found = folders.find(KIND, spellings[0])
    except FileNotInFolder as error:
        return Reference(name, None, f"'embedding:{name}' was left out: {error}")
    if found is None and (bundled := in_bundles(name, bundles)) is not None:
        return bundled
    if found is None:
        stems = sorted({known.rpartition(".")[0] for known in folders.names(KIND)})
        near = get_close_matches(name, stems, n=3, cutoff=0.5)
        hint = f" Near names: {', '.join(near)}." if near else ""
        return Reference(name, None, f"'embedding:{name}' was left out: there is no such file in {KIND}.{hint}")
    same = PurePosixPath(found).name in {PurePosixPath(spelling.replace("\\", "/")).name for spelling in spellings}
    return Reference(name, folders.ref(KIND, found), "" if same else f"'embedding:{name}' was found as {found}.")


def in_bundles(name: str, bundles: Bundles) -> Reference | None:
    """What of the adapters' own is called so, in any case."""
    known = next((known for known in bundles if known.lower() == name.lower()), None)
    return None if known is None else Reference(known, bundles[known], bundled=True)
