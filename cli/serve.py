"""``serve``: the queue, its workers and the HTTP API in front of them, until Ctrl-C. Imports no torch."""

import argparse
import asyncio
import errno
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from cli.devices import choose_devices
from cli.errors import CommandError, ExitCode
from cli.execution import read_bytes
from cli.hashes import FileHashes
from cli.jobs import Jobs
from cli.lock import held_alone
from cli.parts import Pack, build_choices, build_registry, described_packs
from cli.places import Places, places
from diffusion.files.folders import ModelFolders
from graph.registry import Registry
from server.access import Access, OpenToAll, make_token
from server.app import build_app
from server.database import Database, DatabaseError
from server.ledger import Ledger
from server.parts import Limits, Parts
from server.pool import Pool
from server.queue import JobQueue
from server.schema import QUEUE
from server.shelf import SHELF
from server.workplace import Rules
from workflows.checking import Checked, World

ROOT = Path(__file__).parents[1]
PROGRAM = (sys.executable, str(ROOT / "main.py"))
PATIENCE = 3.0  # seconds for requests to end once the server does
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})


def command(arguments: argparse.Namespace) -> int:
    """Serve until told to end; what runs then goes back into the queue."""
    where, devices, access = places(arguments), choose_devices(arguments.devices), _access(arguments)
    if arguments.job_timeout is not None and not arguments.job_timeout > 0:
        raise CommandError(f"--job-timeout takes seconds, more than none, not {arguments.job_timeout:g}")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    with held_alone(where.state / "serve.lock"):
        packs = described_packs(where)
        try:
            asyncio.run(_serve(arguments, where, devices, access, packs))
        except DatabaseError as error:
            raise CommandError(str(error)) from error
    return ExitCode.DONE


def _access(arguments: argparse.Namespace) -> Access:
    """Who may ask. Raises CommandError where that would be anybody."""
    token = arguments.token
    try:
        if arguments.token_file is not None:
            token = arguments.token_file.read_text().strip()
        return Access(arguments.listen, make_token() if token == "" else token)
    except OSError as error:
        raise CommandError(f"{arguments.token_file} cannot be read: {error.strerror or error}") from error
    except OpenToAll as error:
        raise CommandError(str(error)) from error


async def _serve(
    arguments: argparse.Namespace, where: Places, devices: Sequence[str], access: Access, packs: Sequence[Pack]
) -> None:
    ending = _on_signals()
    async with AsyncExitStack() as stack:
        database = Database(where.state / "server.sqlite", (QUEUE, SHELF))
        stack.callback(database.close)
        queue = JobQueue(database, arguments.resume)
        folders = {"input": where.input, "output": where.output, "temp": where.previews}
        ledger = Ledger(database, folders, where.state / "counters.sqlite")
        rules = Rules(ledger.publish, arguments.job_timeout, arguments.warm)
        pool = Pool(queue, devices, partial(worker_command, arguments), rules)
        world = _world(arguments, where, packs)
        parts = Parts(
            queue=queue,
            hub=queue.hub,
            database=database,
            world=world,
            packs=[
                {"name": pack.name, "nodes": [kind.spec.name for kind in pack.types], "reasons": list(pack.reasons)}
                for pack in packs
            ],
            folders=folders,
            models=where.folders,
            templates=ROOT / "workflows",
            web_root=(arguments.web_root or ROOT / "web/dist").resolve(),
            foreign_page=arguments.web_root is not None,
            access=access,
            limits=Limits(upload=read_bytes(arguments.max_upload_size, "--max-upload-size")),
            workers=pool,
            explain=Explainer(pool, arguments, where, devices[0], world.registry),
            describe=_describe,
            count_tokens=partial(_count_tokens, where.folders),
            edges=[edge((arguments.state_directory or where.base) / "user") for edge in arguments.edges],
        )
        runner = web.AppRunner(build_app(parts), access_log=None, shutdown_timeout=PATIENCE)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.callback(queue.hub.close)
        await ledger.recover()
        await queue.recover()
        await _listen(runner, arguments)
        await pool.start()
        stack.push_async_callback(pool.stop)
        print(_greeting(runner, arguments, access), flush=True)
        await ending.wait()


def _on_signals() -> asyncio.Event:
    """An event that Ctrl-C or a polite request to end sets; the second one ends the process at once."""
    ending = asyncio.Event()

    def end() -> None:
        if ending.is_set():
            os._exit(ExitCode.CANCELLED)  # the workers go with it, and the queue is on disk
        ending.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: asyncio.get_running_loop().call_soon_threadsafe(end))
        else:
            asyncio.get_running_loop().add_signal_handler(number, end)
    return ending


def _world(arguments: argparse.Namespace, where: Places, packs: Sequence[Pack]) -> World:
    hash_of = FileHashes(where.folders, where.state / "hashes.sqlite")
    return World(
        build_registry(packs), build_choices(where), arguments.read_editor_format, hash_of, arguments.read_for_editing
    )


def _describe(path: Path) -> Mapping[str, Any]:
    from cli.inspect import describe_model  # and with it what knows adapters, which most servers are never asked for

    return describe_model(path)


def _count_tokens(folders: ModelFolders, text: str, rules: str) -> Mapping[str, Any]:
    from diffusion.text.counting import count_tokens  # and with it the tokenizer, when the first prompt comes

    return asdict(count_tokens(text, folders, rules))


async def _listen(runner: web.AppRunner, arguments: argparse.Namespace) -> None:
    """Take connections from now on. Raises CommandError where that cannot be."""
    try:
        await web.TCPSite(runner, arguments.listen or None, arguments.port).start()
    except (OSError, OverflowError) as error:
        at = f"{arguments.listen}:{arguments.port}"
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise CommandError(f"{at} is in use by another program; choose another --port") from error
        raise CommandError(f"{at} cannot be listened on: {getattr(error, 'strerror', None) or error}") from error


def _greeting(runner: web.AppRunner, arguments: argparse.Namespace, access: Access) -> str:
    """Where the server is; a token that was made for this time is part of the address."""
    host, port = runner.addresses[0][:2]
    name = "localhost" if host in EVERYWHERE else f"[{host}]" if ":" in host else host
    made = access.token is not None and arguments.token == ""
    return f"Patchbay is at http://{name}:{port}/" + (f"?token={access.token}" if made else "")


def worker_command(arguments: argparse.Namespace, device: str) -> list[str]:
    """What starts the worker of a device, with the directories and limits that this server was started with."""
    words = [*PROGRAM, "worker", "--device", device, "--dtype", arguments.dtype, "--cache-size", arguments.cache_size]
    for name in ("base_directory", "input_directory", "output_directory", "state_directory", "custom_nodes"):
        if (path := getattr(arguments, name)) is not None:
            words += [f"--{name.replace('_', '-')}", str(path.resolve())]
    for path in arguments.models:
        words += ["--models", str(path.resolve())]
    return [*words, "--no-cache"] if arguments.no_cache else words


class Explainer:
    """What would run: as an idle worker knows it, or else as what is on disk tells."""

    def __init__(self, pool: Pool, arguments: argparse.Namespace, where: Places, device: str, registry: Registry):
        self._pool, self._where, self._registry = pool, where, registry
        self._arguments = argparse.Namespace(**vars(arguments) | {"device": device})
        self._jobs: Jobs | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, checked: Checked) -> Mapping[str, Mapping[str, Any]]:
        assert checked.graph is not None
        found = await self._pool.explain(checked.document.text(), checked.graph.targets)
        if found is not None:
            return found
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._explain, checked)

    def _explain(self, checked: Checked) -> Mapping[str, Mapping[str, Any]]:
        assert checked.graph is not None
        if self._jobs is None:
            self._jobs = Jobs(self._where, self._arguments, self._registry)
        return self._jobs.explain_graph(checked.document, checked.graph)
