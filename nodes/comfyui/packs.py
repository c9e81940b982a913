"""Packs of public node classes: found in a directory that the user names, loaded one by one, none in another's way.

A pack is a folder with an ``__init__.py``, or one file, that has NODE_CLASS_MAPPINGS. Folders whose name ends in
``.disabled`` or begins with a dot or an underscore are left alone. Nothing is installed, whatever a pack asks for.
"""

import importlib
import logging
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph.declare import NodeType
from graph.errors import DeclarationError
from nodes.comfyui.adapt import adapt
from nodes.comfyui.imports import ROOT, install
from nodes.comfyui.shims import folder_paths
from nodes.comfyui.shims.folder_paths import Folders

log = logging.getLogger(__name__)


@dataclass
class Pack:
    """What came of loading one pack. ``reason`` says why it, or some of its nodes, cannot be used."""

    name: str
    types: list[NodeType] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    web_directory: str | None = None
    """The folder of its browser extension inside the pack, which is listed and never run."""


def load_packs(directory: Path, folders: Folders, taken: Container[str] = ()) -> list[Pack]:
    """Load every pack of a directory. A pack that fails is listed with its reason; ``taken`` are names of our nodes."""
    install(directory)
    folder_paths.use(folders)
    types: dict[str, NodeType] = {}

    def socket_of(node_type: str, label: str) -> str:
        known = types.get(node_type)
        declared = known.by_name.get(label) if known is not None else None
        return declared.socket if declared is not None else ""

    return [_load(name, types, taken, socket_of) for name in pack_names(directory)]


def pack_names(directory: Path) -> list[str]:
    """The packs that a directory holds, sorted."""
    return sorted(
        path.stem
        for path in directory.iterdir()
        if not path.name.startswith((".", "_"))
        and not path.name.endswith(".disabled")
        and ((path / "__init__.py").is_file() or (path.suffix == ".py" and path.is_file()))
    )


def _load(name: str, types: dict[str, NodeType], taken: Container[str], socket_of: Callable[[str, str], str]) -> Pack:
    pack = Pack(name)
    try:
        module = importlib.import_module(f"{ROOT}.{name}")
        mappings = getattr(module, "NODE_CLASS_MAPPINGS", None)
        if not isinstance(mappings, Mapping):
            raise DeclarationError(_no_mappings(module))
        titles = getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", None) or {}
        pack.web_directory = getattr(module, "WEB_DIRECTORY", None)
    except (Exception, SystemExit) as error:  # whatever a pack does while it is loaded, the others are loaded too
        log.info("pack %s", name, exc_info=True)
        pack.reasons.append(_sentence(error))
        return pack
    for label, kind, title in _classes(mappings, titles):
        try:
            if label in taken or label in types:
                raise DeclarationError(f"{label}: there is a node of this name already")
            types[label] = adapt(label, kind, title=title, pack=name, sockets=socket_of)
            pack.types.append(types[label])
        except Exception as error:
            pack.reasons.append(_sentence(error))
    return pack


def _classes(mappings: Mapping[Any, Any], titles: Any) -> Iterator[tuple[str, type, str]]:
    for label, kind in mappings.items():
        title = titles.get(label) if isinstance(titles, Mapping) else None
        yield str(label), kind, str(title or label)


def _no_mappings(module: Any) -> str:
    if hasattr(module, "comfy_entrypoint"):
        return "it declares its nodes through comfy_entrypoint, the newer contract, which Patchbay does not read"
    return "it has no NODE_CLASS_MAPPINGS"


def _sentence(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and not error.msg.startswith("it imports"):
        return f"it needs the Python package {error.name!r}, which is not installed"
    text = str(error) or type(error).__name__
    return text if isinstance(error, (DeclarationError, ImportError)) else f"{type(error).__name__}: {text}"
