"""Where model files live, and what they are called.

A file has a portable name: its path below the folder of its kind, with forward slashes (``styles/neon.safetensors``).
Within a configured folder symbolic links are followed; a name never leads out of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from diffusion.errors import FileNotInFolder
from diffusion.files.identity import identity
from diffusion.handle import FileRef

WEIGHTS = frozenset({".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf"})
KINDS: Mapping[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "checkpoints": (("checkpoints",), WEIGHTS),
    "loras": (("loras",), WEIGHTS),
    "vae": (("vae",), WEIGHTS),
    "embeddings": (("embeddings",), WEIGHTS),
    "hypernetworks": (("hypernetworks",), WEIGHTS),
    "controlnet": (("controlnet", "t2i_adapter"), WEIGHTS),
    "upscale_models": (("upscale_models",), WEIGHTS),
    "text_encoders": (("text_encoders", "clip"), WEIGHTS),
    "diffusion_models": (("diffusion_models", "unet"), WEIGHTS),
    "clip_vision": (("clip_vision",), WEIGHTS),
    "style_models": (("style_models",), WEIGHTS),
    "gligen": (("gligen",), WEIGHTS),
    "vae_approx": (("vae_approx",), WEIGHTS),
    "configs": (("configs",), frozenset({".yaml", ".json"})),
}
"""Kind → the folders below ``models/`` that hold it, and the endings of its files."""

SAVED: Mapping[str, str] = {
    "checkpoints": "checkpoints",
    "text_encoders": "clip",
    "vae": "vae",
    "diffusion_models": "diffusion_models",
    "loras": "loras",
}
"""Kind → the folder below the output directory where nodes that save models put it; it can be chosen from there."""


class ModelFolders:
    """The model files of a base directory laid out the usual way (``models/checkpoints`` …), and of further folders.

    ``extra`` adds folders by kind; where two folders hold a file of the same name, the one listed first wins, and
    ``extra`` comes after the base directory's own unless it is ``preferred``.
    """

    def __init__(
        self,
        base_directory: Path | str,
        extra: Mapping[str, Iterable[Path | str]] | None = None,
        preferred: Mapping[str, Iterable[Path | str]] | None = None,
    ) -> None:
        self.base_directory = Path(base_directory)
        self._roots: dict[str, tuple[Path, ...]] = {}
        extra, preferred = extra or {}, preferred or {}
        for kind in KINDS.keys() | extra.keys() | preferred.keys():
            own = [self.base_directory / "models" / folder for folder in KINDS.get(kind, ((kind,), WEIGHTS))[0]]
            folders = [*preferred.get(kind, ()), *own, *extra.get(kind, ())]
            self._roots[kind] = tuple(dict.fromkeys(Path(folder) for folder in folders))

    def kinds(self) -> tuple[str, ...]:
        """All kinds of model there are folders for."""
        return tuple(sorted(self._roots))

    def roots(self, kind: str) -> tuple[Path, ...]:
        """The folders that are searched for a kind, first one first."""
        return self._roots.get(kind, ())

    def names(self, kind: str) -> list[str]:
        """The portable names of all files of a kind, in alphabetical order."""
        endings = KINDS.get(kind, ((), WEIGHTS))[1]
        found = {name for root in self.roots(kind) for name in _walk(root) if Path(name).suffix.lower() in endings}
        return sorted(found, key=lambda name: (name.lower(), name))

    def find(self, kind: str, name: str) -> str | None:
        """The portable name a user's name stands for, or None.

        Found exactly, with either slash; else by its file name in any sub-folder; else by that without the ending.
        Raises FileNotInFolder listing the candidates where several files fit equally well.
        """
        wanted = name.replace("\\", "/")
        if self._exact(kind, wanted) is not None:
            return wanted
        names = self.names(kind)
        last = PurePosixPath(wanted).name
        for fits in (
            lambda known: known.lower() == wanted.lower(),
            lambda known: PurePosixPath(known).name == last,
            lambda known: PurePosixPath(known).name.lower() == last.lower(),
            lambda known: PurePosixPath(known).stem.lower() == last.lower(),
            lambda known: PurePosixPath(known).stem.lower() == PurePosixPath(last).stem.lower(),
        ):
            candidates = [known for known in names if fits(known)]
            if len(candidates) > 1:
                listed = ", ".join(candidates)
                raise FileNotInFolder(f"{name} is ambiguous in {kind}: it could be {listed}. Write the whole name.")
            if candidates:
                return candidates[0]
        return None

    def ref(self, kind: str, name: str) -> FileRef:
        """A reference to the file as it is now. Raises FileNotInFolder, with near names."""
        found = self.find(kind, name)
        if found is None:
            names = self.names(kind)
            spelled = {PurePosixPath(known).stem: known for known in names} | {known: known for known in names}
            near = dict.fromkeys(spelled[like] for like in get_close_matches(name, spelled, n=3, cutoff=0.5))
            hint = f"Near names: {', '.join(near)}." if near else f"There are {len(names)} files there."
            raise FileNotInFolder(f"There is no {name} in {kind}. {hint}")
        return FileRef(f"{kind}/{found}", identity(self.path(kind, found)))

    def path(self, file: FileRef | str, name: str | None = None) -> Path:
        """Where a file is: ``path(ref)`` or ``path(kind, name)`` with a portable name. Raises FileNotInFolder."""
        kind, name = file.path.split("/", 1) if isinstance(file, FileRef) else (file, name or "")
        found = self._exact(kind, name)
        if found is None:
            raise FileNotInFolder(f"There is no {name} in {kind} any more.")
        return found

    def _exact(self, kind: str, name: str) -> Path | None:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or ":" in parts[0]:
            return None
        return next((root / name for root in self.roots(kind) if _is_file(root / name)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is longer than any file's
        return False


def _walk(root: Path) -> Iterator[str]:
    """Portable names of all files below a folder; links are followed, each real folder is entered once."""
    entered: set[str] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in entered:
            subfolders.clear()
            continue
        entered.add(real)
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in files:
            if not name.startswith("."):
                yield Path(folder, name).relative_to(root).as_posix()
