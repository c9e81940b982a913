"""Packs written to disk, loaded, and run by the real engine."""

import threading
from pathlib import Path

import pytest

from diffusion.files.folders import ModelFolders
from diffusion.runtime import Runtime
from graph.executor import Executor
from graph.graph import resolve
from graph.registry import Registry
from graph.workflow import Workflow, read_node
from nodes import builtin
from nodes.choices import choices
from nodes.codecs import NodeCodecs
from nodes.comfyui.packs import load_packs
from nodes.comfyui.shims.folder_paths import Folders
from workflows.document import Document, read_document
from workflows.outputs import InputFolder, OutputFolder, PreviewFolder


class World:
    """A base directory with packs in it, and an engine that knows them."""

    def __init__(self, base: Path):
        self.base, self.packs_directory = base, base / "custom_nodes"
        for name in ("input", "output", "temp", "models/loras", "models/checkpoints", "custom_nodes"):
            (base / name).mkdir(parents=True)
        self.models = ModelFolders(base)
        self.executor = Executor(codecs=NodeCodecs())
        self.events = []

    def pack(self, name: str, source: str, **files: str) -> None:
        """Write a pack with this ``__init__.py`` and other modules."""
        folder = self.packs_directory / name
        folder.mkdir()
        (folder / "__init__.py").write_text(source)
        for stem, text in files.items():
            (folder / f"{stem}.py").write_text(text)

    def load(self):
        builtins = Registry(*builtin())
        folders = Folders(self.base, self.models, self.base / "input", self.base / "output", self.base / "temp")
        self.packs = {pack.name: pack for pack in load_packs(self.packs_directory, folders, builtins)}
        self.registry = builtins
        for pack in self.packs.values():
            for node_type in pack.types:
                self.registry.add(node_type)
        return self.packs

    def run(self, nodes: dict, document: Document | None = None):
        """Run a workflow in the public API format; events are kept."""
        document = document or read_document(nodes)
        self.graph = resolve(
            Workflow({node_id: read_node(entry) for node_id, entry in nodes.items()}),
            self.registry,
            choices(self.models, self.base / "input"),
        )
        counters = self.base / "counters.sqlite"
        resources = {
            Runtime: Runtime(self.models, "cpu"),
            Document: document,
            InputFolder: InputFolder(self.base / "input"),
            OutputFolder: OutputFolder(self.base / "output", counters, document),
            PreviewFolder: PreviewFolder(self.base / "temp", counters, document),
        }
        self.events.clear()
        return self.executor.run(self.graph, resources=resources, emit=self.events.append, cancel=threading.Event())


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)
