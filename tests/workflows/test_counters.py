import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from workflows.counters import Counters


def take(counters: Counters, series: str = "a", last: int = 0) -> int:
    with counters.next(series, lambda: last) as number:
        return number.value


def test_numbers_follow_each_other_per_series(tmp_path):
    counters = Counters(tmp_path / "state" / "c.sqlite")
    assert [take(counters), take(counters), take(counters, "b"), take(counters)] == [1, 2, 1, 3]


def test_the_folder_is_asked_once(tmp_path):
    counters = Counters(tmp_path / "c.sqlite")
    assert [take(counters, last=7), take(counters, last=100)] == [8, 9]


def test_numbers_are_remembered_by_the_next_process(tmp_path):
    take(Counters(tmp_path / "c.sqlite"))
    assert take(Counters(tmp_path / "c.sqlite")) == 2


def test_a_number_that_was_moved_on_is_the_last(tmp_path):
    counters = Counters(tmp_path / "c.sqlite")
    with counters.next("a", lambda: 0) as number:
        number.value = 10
    assert take(counters) == 11


def test_an_error_gives_the_number_back(tmp_path):
    counters = Counters(tmp_path / "c.sqlite")
    with pytest.raises(OSError), counters.next("a", lambda: 0):
        raise OSError("disk full")
    assert take(counters) == 1


def test_many_at_once_never_get_the_same_number(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: take(Counters(tmp_path / "c.sqlite")), range(64)))
    assert sorted(numbers) == list(range(1, 65))


def test_a_number_is_held_until_it_is_used(tmp_path):
    counters = Counters(tmp_path / "c.sqlite")
    take(counters)
    with counters.next("a", lambda: 0), pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(tmp_path / "c.sqlite", timeout=0).execute("UPDATE counters SET last = 5")
