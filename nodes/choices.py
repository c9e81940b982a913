"""What the drop-downs of the nodes list on this machine, and what tells one version of a file from the next."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from diffusion.adapters.lookup import adapters_called, find_adapter
from diffusion.errors import FileNotInFolder
from diffusion.files.folders import KINDS, ModelFolders
from diffusion.files.identity import identity
from diffusion.names import SAMPLERS, SCHEDULES
from graph.choices import Choices
from graph.errors import AmbiguousChoice
from workflows.names import NameRefused
from workflows.outputs import InputFolder


class ModelChoices:
    """The files of one kind in the model folders."""

    def __init__(self, folders: ModelFolders, kind: str):
        self._folders, self._kind = folders, kind

    def names(self) -> Sequence[str]:
        return self._folders.names(self._kind)

    def find(self, name: str) -> str | None:
        try:
            return self._folders.find(self._kind, name)
        except FileNotInFolder as error:
            raise AmbiguousChoice(name, self._alike(name)) from error

    def identity(self, name: str) -> str:
        return identity(self._folders.path(self._kind, name))

    def _alike(self, name: str) -> list[str]:
        stem = PurePosixPath(name.replace("\\", "/")).stem.lower()
        return [known for known in self.names() if PurePosixPath(known).stem.lower() == stem]


class AdapterChoices(ModelChoices):
    """Adapter files, which may also be called by the name their trainer recorded, or by a hash."""

    def find(self, name: str) -> str | None:
        try:
            return find_adapter(self._folders, name)
        except FileNotInFolder as error:
            raise AmbiguousChoice(name, self._alike(name) or adapters_called(self._folders, name)) from error


class InputChoices:
    """Files of the input folder with certain endings."""

    def __init__(self, folder: InputFolder, endings: Iterable[str] | None = None):
        self._folder = folder
        self._endings = None if endings is None else frozenset(endings)

    def names(self) -> Sequence[str]:
        return self._folder.names() if self._endings is None else self._folder.names(self._endings)

    def find(self, name: str) -> str | None:
        try:
            self._folder.path(name)
        except NameRefused:
            return None
        return name

    def identity(self, name: str) -> str:
        return identity(self._folder.path(name))


class FixedChoices:
    """Names that are part of the program."""

    def __init__(self, names: Iterable[str]):
        self._names = tuple(names)

    def names(self) -> Sequence[str]:
        return self._names

    def find(self, name: str) -> str | None:
        return name if name in self._names else None

    def identity(self, name: str) -> str:
        return ""


def choices(folders: ModelFolders, input_directory: Path) -> Mapping[str, Choices]:
    """Every source that a node's ``Choice`` names."""
    inputs = InputFolder(input_directory)
    return {kind: ModelChoices(folders, kind) for kind in KINDS} | {
        "loras": AdapterChoices(folders, "loras"),
        "samplers": FixedChoices(SAMPLERS),
        "schedulers": FixedChoices(SCHEDULES),
        "images": InputChoices(inputs),
        "latents": InputChoices(inputs, {".latent"}),
        "styles": InputChoices(inputs, {".csv"}),
    }
