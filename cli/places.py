"""Where a command finds models and inputs, and where it leaves what it makes."""

import argparse
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cli.errors import CommandError
from diffusion.errors import DiffusionError
from diffusion.files.extra_paths import from_extra_model_paths
from diffusion.files.folders import KINDS, SAVED, ModelFolders

EXTRA_PATHS = "extra_model_paths.yaml"


@dataclass(frozen=True)
class Places:
    """The directories of one command."""

    base: Path
    input: Path
    output: Path
    state: Path
    """What runs remember: numbers given, last keys, stored outputs, hashes of files."""
    previews: Path
    models: tuple[Path, ...] = ()
    packs: Path | None = None
    """The directory of node packs, where the user names one."""

    @cached_property
    def folders(self) -> ModelFolders:
        """The model folders: those of ``--models``, then as ``extra_model_paths.yaml`` says, then what was saved."""
        extra = self.base / EXTRA_PATHS
        try:
            folders = from_extra_model_paths(self.base, *([extra] if extra.is_file() else []))
        except DiffusionError as error:
            raise CommandError(str(error)) from error
        preferred = {
            kind: [
                *(root / name for root in self.models for name in names),
                *folders.roots(kind),
                *([self.output / SAVED[kind]] if kind in SAVED else []),
            ]
            for kind, (names, _) in KINDS.items()
        }
        further = {kind: folders.roots(kind) for kind in folders.kinds() if kind not in KINDS}
        return ModelFolders(self.base, further, preferred)


def places(arguments: argparse.Namespace) -> Places:
    """The directories that the options name. Raises CommandError for one that is not there."""
    base = arguments.base_directory.resolve()
    packs = [arguments.custom_nodes] if arguments.custom_nodes is not None else []
    for directory in (base, *arguments.models, *packs):
        if not directory.is_dir():
            raise CommandError(f"there is no directory {directory}")
    return Places(
        base,
        (arguments.input_directory or base / "input").resolve(),
        (arguments.output_directory or base / "output").resolve(),
        (arguments.state_directory or base / ".patchbay").resolve(),
        (arguments.state_directory or base).resolve() / "temp",
        tuple(directory.resolve() for directory in arguments.models),
        *(directory.resolve() for directory in packs),
    )
