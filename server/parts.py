"""What the HTTP application is put together from. Whoever starts the server builds these and hands them in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from diffusion.files.folders import ModelFolders
from server.access import Access
from server.pictures import Previews
from workflows.checking import Checked, World

if TYPE_CHECKING:
    from server.database import Database
    from server.events import Hub
    from server.queue import JobQueue

Explain = Callable[[Checked], Awaitable[Mapping[str, Mapping[str, Any]]]]
"""What would run of a checked document, by node: ``{"runs": …, "reason": …}``."""
Describe = Callable[[Path], Mapping[str, Any]]
"""What a model file is, from its header. Raises DiffusionError; runs in a thread."""
CountTokens = Callable[[str, str], Mapping[str, Any]]
"""(text, rules) → ``{"count", "chunks", "limit", "unknown"}``. Runs in a thread."""


Edge = Callable[[web.Application], None]
"""Adds a further route table to the application while that is built."""


class Workers(Protocol):
    """The processes that work on the queue, as far as HTTP asks."""

    def workers(self) -> Sequence[Mapping[str, Any]]:
        """Each with ``device, state, job, resident, rss, vram, restarts, name``."""

    async def free(self, *, models: bool, cache: bool) -> None:
        """Let go of models, of kept outputs, or both, where nothing runs."""


class NoWorkers:
    """A server that only keeps the queue."""

    def workers(self) -> Sequence[Mapping[str, Any]]:
        return ()

    async def free(self, *, models: bool, cache: bool) -> None:
        """There is nothing to let go of."""


@dataclass(frozen=True)
class Limits:
    """How much one request may ask for."""

    document: int = 64 << 20  # bytes of a body that is JSON, or a picture that carries a workflow
    upload: int = 256 << 20  # bytes of a file
    pixels: int = 1 << 27  # of a picture that is decoded here: some 400 MB while it is


@dataclass(frozen=True)
class Parts:
    """Everything that routes use."""

    queue: JobQueue
    hub: Hub
    database: Database
    world: World
    folders: Mapping[str, Path]
    """``input``, ``output`` and ``temp``."""
    models: ModelFolders
    templates: Path
    """The folder of the example workflows."""
    web_root: Path
    """The built editor."""
    foreign_page: bool = False
    """Whether that is another one, which the user chose."""
    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
    workers: Workers = field(default_factory=NoWorkers)
    explain: Explain | None = None
    describe: Describe | None = None
    count_tokens: CountTokens | None = None
    packs: Sequence[Mapping[str, Any]] = ()
    """Packs of nodes: name, the nodes that it brings, and the reasons why some of it is not used."""
    edges: Sequence[Edge] = ()
    version: str = "0.1.0"


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)
OPENAPI: web.AppKey[Mapping[str, Any]] = web.AppKey("openapi", Mapping)
PREVIEWS: web.AppKey[Previews] = web.AppKey("previews", Previews)
