"""What the HTTP application is built from on this machine: folders, model files, tokenizer, the editor's page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli.inspect import describe_model
from cli.places import Places
from server.access import Access
from server.database import Database
from server.parts import Edge, Explain, Limits, Parts, Workers
from server.queue import JobQueue
from workflows.checking import World

ROOT = Path(__file__).parents[1]


def build_parts(
    where: Places,
    world: World,
    database: Database,
    queue: JobQueue,
    workers: Workers,
    *,
    explain: Explain | None = None,
    access: Access | None = None,
    limits: Limits | None = None,
    web_root: Path | None = None,
    edges: Sequence[Edge] = (),
) -> Parts:
    """The parts for one base directory. The database has the schemas `server.schema.QUEUE` and `server.shelf.SHELF`."""
    return Parts(
        queue=queue,
        hub=queue.hub,
        database=database,
        world=world,
        folders={"input": where.input, "output": where.output, "temp": where.previews},
        models=where.folders,
        templates=ROOT / "workflows",
        web_root=web_root or ROOT / "web" / "dist",
        access=access or Access(),
        limits=limits or Limits(),
        workers=workers,
        explain=explain,
        describe=describe_model,
        count_tokens=_Tokens(where),
        edges=edges,
    )


class _Tokens:
    """Counts tokens; the tokenizer is imported when the first prompt comes."""

    def __init__(self, where: Places):
        self._folders = where.folders

    def __call__(self, text: str, rules: str) -> Mapping[str, Any]:
        from diffusion.text.counting import count_tokens

        return asdict(count_tokens(text, self._folders, rules))
