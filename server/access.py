"""Who may ask: this machine's own page and programs, or whoever has the token.

Without a token, requests are taken that no foreign web page can have caused: their Host is this machine by a name of
its own (so that no other name can be pointed here), and browsers say that they come from our own page.
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from server.refusals import Refused

SHORTEST_TOKEN = 16  # characters
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
YEAR = 365 * 24 * 3600


class OpenToAll(ValueError):
    """The server would let anybody in. The message is a sentence for whoever starts it."""


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def make_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Access:
    """The rules for one server. Raises OpenToAll for rules that let strangers in."""

    listen: str = "127.0.0.1"
    token: str | None = None

    def __post_init__(self) -> None:
        if self.token is None and not is_loopback(self.listen):
            raise OpenToAll(
                f"listening on {self.listen} lets others on the network in: give --token, which they then need"
            )
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise OpenToAll(f"a token needs {SHORTEST_TOKEN} characters or more, so that nobody guesses it")

    @property
    def cookie(self) -> str:
        """The name of the cookie: servers on other ports of this machine have others."""
        return f"patchbay-{self._digest('name')[:8]}"

    @property
    def cookie_value(self) -> str:
        """What the cookie holds: it proves the token and does not tell it."""
        return self._digest("cookie")

    def admits(self, given: str) -> bool:
        """Whether this is the token."""
        return self.token is not None and hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def check(
        self,
        method: str,
        headers: Mapping[str, str],
        query_token: str | None,
        cookies: Mapping[str, str],
        upgrade: bool,
    ) -> None:
        """Let a request pass, or raise Refused with what is missing."""
        host = headers.get("Host", "")
        if self.token is None and _name(host) not in LOOPBACK_NAMES | {self.listen.strip("[]").lower()}:
            raise Refused(
                403, "foreign_host", "this server answers to localhost alone; start it with --token for other names"
            )
        self._check_page(method, headers, host, upgrade)
        if self.token is not None:
            self._check_token(headers, query_token, cookies)

    def _check_page(self, method: str, headers: Mapping[str, str], host: str, upgrade: bool) -> None:
        """Browsers name the page that asks; programs that name none are not led by a web page."""
        origin = headers.get("Origin")
        if origin is not None and not _same_host(origin, host):
            raise Refused(403, "foreign_origin", "pages of other sites may not use this server")
        site = headers.get("Sec-Fetch-Site", "none")
        if origin is None and site not in ("none", "same-origin"):
            visit = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
            if not (visit and method in SAFE and not upgrade):
                raise Refused(403, "foreign_origin", "pages of other sites may not use this server")

    def _check_token(self, headers: Mapping[str, str], query_token: str | None, cookies: Mapping[str, str]) -> None:
        kind, _, given = headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.admits(given.strip()):
            return
        if query_token is not None and self.admits(query_token):
            return
        if hmac.compare_digest(cookies.get(self.cookie, "").encode("utf-8", "replace"), self.cookie_value.encode()):
            return
        raise Refused(
            401,
            "token_needed",
            "this server needs its token: open the address that it printed, or send Authorization: Bearer TOKEN",
            headers={"WWW-Authenticate": 'Bearer realm="Patchbay"'},
        )

    def _digest(self, purpose: str) -> str:
        return hmac.new((self.token or "").encode(), f"patchbay {purpose}".encode(), hashlib.sha256).hexdigest()


def _name(host: str) -> str:
    """The name in a Host header, without its port; "" where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def _same_host(origin: str, host: str) -> bool:
    """Whether a page of this origin was loaded from the host that is asked: name and port the same."""
    try:
        asked, page = urlsplit(f"//{host}"), urlsplit(origin)
        default = {"http": 80, "https": 443}.get(page.scheme)
        return default is not None and (page.hostname, page.port or default) == (asked.hostname, asked.port or default)
    except ValueError:
        return False
