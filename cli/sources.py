"""Digests of program text: what was made by other code is not taken for what this code would make."""

import hashlib
from pathlib import Path


def digest_of_sources(*directories: Path) -> str:
    """A digest of all Python files below some directories, their names included."""
    digest = hashlib.sha256()
    for directory in directories:
        for path in sorted(directory.rglob("*.py")):
            digest.update(f"{path.relative_to(directory).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
