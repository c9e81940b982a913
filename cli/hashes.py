"""SHA-256 of model files for the metadata of pictures; each file is hashed once as long as it stays as it is."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from diffusion.errors import DiffusionError
from diffusion.files.folders import ModelFolders
from diffusion.files.identity import autov3, identity, sha256


class FileHashes:
    """Answers ``hash_of(kind, name)`` and remembers the answers on disk, where that can be written to."""

    def __init__(self, folders: ModelFolders, database: Path):
        self._folders, self._database = folders, database

    def __call__(self, kind: str, name: str) -> str | None:
        """Of the whole file; of a LoRA's tensors alone, as sites do; None where there is no such file any more."""
        try:
            found = self._folders.find(kind, name)
            path = self._folders.path(kind, found) if found else None
        except DiffusionError:
            return None
        if path is None:
            return None
        hashing = autov3 if kind == "loras" and path.suffix == ".safetensors" else sha256
        key = f"{hashing.__name__} {identity(path)}"
        known = self._recall(key)
        if known is None:
            known = hashing(path)
            self._remember(key, known)
        return known

    def _recall(self, key: str) -> str | None:
        with suppress(sqlite3.Error), closing(self._open()) as database:
            found = database.execute("SELECT hash FROM hashes WHERE file = ?", (key,)).fetchone()
            return str(found[0]) if found else None
        return None

    def _remember(self, key: str, digest: str) -> None:
        """A hash that cannot be kept costs time, not truth."""
        with suppress(OSError, sqlite3.Error):
            self._database.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as database:
                database.execute("CREATE TABLE IF NOT EXISTS hashes (file TEXT PRIMARY KEY, hash TEXT NOT NULL)")
                database.execute("INSERT OR REPLACE INTO hashes VALUES (?, ?)", (key, digest))

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._database, timeout=60, isolation_level=None)
