"""One server per directory: a lock that the system gives back when its holder ends, however it ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.errors import CommandError


@contextmanager
def held_alone(path: Path) -> Iterator[None]:
    """Hold a file against all other processes until the block ends. Raises CommandError where another has it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        advice = "name a directory that can be with --state-directory"
        raise CommandError(f"{path.parent} cannot be written to ({error.strerror or error}); {advice}") from error
    try:
        if not _take(descriptor):
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() if sys.platform != "win32" else ""
            which = f" (process {holder})" if holder else ""
            raise CommandError(
                f"another server{which} uses {path.parent} already; one --base-directory has one server at a time"
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # beyond what is written, which stays readable
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
