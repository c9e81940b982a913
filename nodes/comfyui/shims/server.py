"""``server``: packs announce routes and messages here; a worker has neither, so what they announce is kept quiet about.

Registering a route does nothing, since packs do not run in the server's process. Sending is refused with a sentence.
"""

from collections.abc import Callable
from typing import Any


class _Routes:
    """Takes routes and leaves them."""

    def _decorate(self, path: str, **_: Any) -> Callable[[Any], Any]:
        return lambda function: function

    get = post = put = patch = delete = view = _decorate


class PromptServer:
    """The name under which packs look for the server."""

    instance: "PromptServer"

    def __init__(self) -> None:
        self.routes = _Routes()

    def send_sync(self, event: str, payload: Any, sid: str | None = None) -> None:
        raise NotImplementedError(f"packs cannot send messages to the browser; {event!r} was not sent")


PromptServer.instance = PromptServer()
