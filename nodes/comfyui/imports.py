"""What packs may import by the names they know, and nobody else sees.

A pack's modules are run with an ``__import__`` of their own, so that ``import nodes`` in a pack meets the shim and in
our code the package of that name. Nothing is put into `sys.modules` under those names.
"""

import builtins
import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = "custom_nodes"
SHIMS: Mapping[str, str] = {
    "folder_paths": "folder_paths",
    "comfy_execution.graph_utils": "graph_utils",
    "comfy_execution.graph": "graph",
    "comfy.utils": "bars",
    "comfy.model_management": "model_management",
    "comfy.comfy_types": "comfy_types",
    "comfy.comfy_types.node_typing": "comfy_types",
    "comfy.samplers": "samplers",
    "nodes": "nodes",
    "server": "server",
    "execution": "execution",
}
"""Names that packs import, and the file of ours that stands in for each."""

OURS = frozenset(name.partition(".")[0] for name in SHIMS)


class NotProvided(ImportError):
    """A pack imports what is not part of what packs are given."""


def shim(name: str) -> ModuleType:
    """The module that packs know under a name. Raises NotProvided for one that they are not given."""
    file = SHIMS.get(name)
    if file is not None:
        module = importlib.import_module(f"nodes.comfyui.shims.{file}")
        for deeper in (known for known in SHIMS if known.startswith(f"{name}.")):
            setattr(module, deeper.removeprefix(f"{name}."), shim(deeper))
        return module
    below = [known for known in SHIMS if known.startswith(f"{name}.")]
    if not below:
        given = ", ".join(sorted(SHIMS))
        raise NotProvided(f"it imports {name!r}, which Patchbay does not provide; packs are given {given}", name=name)
    package = ModuleType(name)
    package.__path__ = []
    for known in below:
        child = known.removeprefix(f"{name}.").partition(".")[0]
        setattr(package, child, shim(f"{name}.{child}"))
    return package


def import_for_packs(
    name: str,
    namespace: Mapping[str, Any] | None = None,
    local: Mapping[str, Any] | None = None,
    wanted: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """``__import__`` as a pack's modules see it."""
    if level or name.partition(".")[0] not in OURS:
        return builtins.__import__(name, namespace, local, wanted or (), level)
    if not wanted:  # `import a.b` gives a
        shim(name)
        return shim(name.partition(".")[0])
    module = shim(name)
    for attribute in wanted:
        if attribute != "*" and not hasattr(module, attribute):
            raise NotProvided(
                f"it imports {attribute!r} from {name!r}, which Patchbay does not provide", name=f"{name}.{attribute}"
            )
    return module


class PackLoader(importlib.machinery.SourceFileLoader):
    """Runs a module of a pack with the pack's own view of what can be imported."""

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": import_for_packs}
        super().exec_module(module)

    def _cache_bytecode(self, *_: Any) -> None:
        """Leave nothing behind in the user's directory."""


class PackFinder:
    """Finds the modules of packs, which live under one name of their own."""

    def __init__(self, directory: Path):
        self.directory = directory

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not name.startswith(f"{ROOT}."):
            return None
        places = path or [str(self.directory)]
        last = name.rpartition(".")[2]
        for place in map(Path, places):
            package, file = place / last / "__init__.py", place / f"{last}.py"
            if package.is_file():
                return _spec(name, package, [str(package.parent)])
            if file.is_file():
                return _spec(name, file, None)
            if (place / last).is_dir():
                spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
                spec.submodule_search_locations = [str(place / last)]
                return spec
        return None


def _spec(name: str, file: Path, locations: list[str] | None) -> importlib.machinery.ModuleSpec | None:
    return importlib.util.spec_from_file_location(
        name, file, loader=PackLoader(name, str(file)), submodule_search_locations=locations
    )


def install(directory: Path) -> None:
    """Let modules of packs in a directory be imported as ``custom_nodes.<pack>``, in place of an earlier directory."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, PackFinder)]
    for name in [name for name in sys.modules if name == ROOT or name.startswith(f"{ROOT}.")]:
        del sys.modules[name]
    root = ModuleType(ROOT)
    root.__path__ = [str(directory)]
    sys.modules[ROOT] = root
    sys.meta_path.insert(0, PackFinder(directory))
