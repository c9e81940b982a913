"""Numbers for saved files that are never given twice, however many processes save into the same folders."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

PATIENCE = 60.0  # seconds to wait for another process that is taking a number


class Counters:
    """Remembers the last number of each series in SQLite; the file is made on first use."""

    def __init__(self, path: Path):
        self._path = path

    @contextmanager
    def next(self, series: str, last_used: Callable[[], int]) -> Iterator["Number"]:
        """The next number of a series, held against everybody else until the block ends; an error gives it back.

        ``last_used`` looks at the folder; it is asked once per series ever. Raises OSError where numbers cannot be
        kept.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        with closing(database):
            try:
                database.execute("CREATE TABLE IF NOT EXISTS counters (series TEXT PRIMARY KEY, last INTEGER NOT NULL)")
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                raise self._unusable(error) from error
            try:
                row = database.execute("SELECT last FROM counters WHERE series = ?", (series,)).fetchone()
                number = Number(1 + (row[0] if row else last_used()))
                yield number
                database.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (series, number.value))
                database.execute("COMMIT")
            except BaseException:
                database.execute("ROLLBACK")
                raise

    def _unusable(self, error: OSError | sqlite3.Error) -> OSError:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        return OSError(
            f"the numbers of saved files cannot be kept in {self._path.name} ({reason}); if it is damaged, delete it"
        )


class Number:
    """A number being taken; whoever finds it in use moves it on."""

    def __init__(self, value: int):
        self.value = value
