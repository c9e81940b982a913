"""A server with the public routes, and something that works on its queue as a worker does."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from cli.telling import Teller
from graph.errors import Cancelled
from graph.executor import Executor
from graph.graph import resolve
from server.comfyui.routes import public_api
from server.jobs import State
from server.parts import PARTS
from workflows.document import Document, read_document
from workflows.outputs import OutputFolder, PreviewFolder


@pytest.fixture
def public(served, base):
    """``async with public(working=True) as client``: a client of a server that speaks the public API."""

    @asynccontextmanager
    async def serve(*, working: bool = True, **changes) -> AsyncIterator:
        async with served(edges=(public_api(base / "user"),), **changes) as client:
            task = asyncio.create_task(_work(client.server.app[PARTS], base)) if working else None
            try:
                yield client
            finally:
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    return serve


async def _work(parts, base) -> None:
    """Run jobs one by one in this process, with the engine that workers run."""
    queue, loop, executor = parts.queue, asyncio.get_running_loop(), Executor()
    while True:
        seen = queue.arrivals
        job = await queue.claim("light", device="cpu")
        if job is None:
            await queue.arrival(seen)
            continue
        document = read_document(job.document)
        graph = resolve(document.workflow, parts.world.registry, parts.world.choices, targets=job.targets)
        cancel = threading.Event()
        queue.on_cancel = lambda job_id, cancel=cancel: cancel.set()

        def tell(kind, said, blob=b"", job=job):
            if kind in ("progress", "preview"):
                loop.call_soon_threadsafe(queue.volatile, job.id, kind, said, blob or None)
            else:
                asyncio.run_coroutine_threadsafe(queue.record(job.id, [(kind, said)]), loop).result()

        folder = OutputFolder(base / "output", base / "counters.sqlite", document)
        previews = PreviewFolder(base / "temp", base / "counters.sqlite", document)
        resources = {OutputFolder: folder, PreviewFolder: previews, Document: document}
        try:
            result = await asyncio.to_thread(
                executor.run, graph, resources=resources, emit=Teller(tell, lambda: True), cancel=cancel
            )
        except Cancelled:
            state, error = State.CANCELLED, None
        else:
            failure = next(iter(result.failures.values()), None)
            state = State.SUCCEEDED if failure is None else State.FAILED
            error = failure and {"message": failure.message, "node": failure.node, "type": failure.type}
        await queue.finish(job.id, "light", state, error)
