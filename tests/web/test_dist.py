"""The built editor belongs to its sources: known from the standard library alone, where there is no node.js."""

import gzip
import hashlib
import json
import re
from pathlib import Path

WEB = Path(__file__).parents[2] / "web"
DIST = WEB / "dist"
STAMPED = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
MOST_BEFORE_USE = 300_000  # bytes, packed, that a first visit fetches


def digest_of_sources():
    """As `digestOfSources` of vite.config.ts computes it."""
    sources = [path.relative_to(WEB).as_posix() for path in (WEB / "src").rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for name in sorted([*STAMPED, *sources]):
        digest.update(f"{name}\0".encode() + (WEB / name).read_bytes() + b"\0")
    return digest.hexdigest()


def test_the_build_is_of_these_sources():
    built = json.loads((DIST / "BUILD.json").read_text())["sources"]
    assert built == digest_of_sources(), "web/dist is stale: run `npm ci && npm run build` in web/"


def test_what_a_first_visit_fetches_is_small():
    page = (DIST / "index.html").read_text()
    fetched = re.findall(r'(?:src|href)="/?([^":]+\.(?:js|css))"', page)
    assert fetched
    assert sum(len(gzip.compress((DIST / name).read_bytes(), 6)) for name in fetched) <= MOST_BEFORE_USE


def test_the_build_names_no_other_host_to_fetch_from():
    page = (DIST / "index.html").read_text()
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]+"', page) == []
    styles = "".join(path.read_text() for path in DIST.rglob("*.css"))
    assert re.findall(r"url\([\"']?(?:https?:)?//", styles) == []
