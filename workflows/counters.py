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

        ``last_used`` looks at the folder; it is asked once per series ever.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)) as database:
            database.execute("CREATE TABLE IF NOT EXISTS counters (series TEXT PRIMARY KEY, last INTEGER NOT NULL)")
            database.execute("BEGIN IMMEDIATE")
            try:
                row = database.execute("SELECT last FROM counters WHERE series = ?", (series,)).fetchone()
                number = Number(1 + (row[0] if row else last_used()))
                yield number
                database.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (series, number.value))
                database.execute("COMMIT")
            except BaseException:
                database.execute("ROLLBACK")
                raise


class Number:
    """A number being taken; whoever finds it in use moves it on."""

    def __init__(self, value: int):
        self.value = value
