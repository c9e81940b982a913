import asyncio
import sqlite3
import threading

import pytest

from server.database import Database, DatabaseError, Schema

NOTES = Schema("notes", ("CREATE TABLE note (text TEXT UNIQUE NOT NULL);",))


def add(text: str | None):
    return lambda connection: connection.execute("INSERT INTO note VALUES (?)", (text,)).lastrowid


def texts(connection) -> list[str]:
    return [row["text"] for row in connection.execute("SELECT text FROM note ORDER BY rowid")]


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "state/s.sqlite", (NOTES,))
    yield opened
    opened.close()


def test_what_was_written_is_read_by_the_next_process(tmp_path):
    for text in ("a", "b"):
        database = Database(tmp_path / "s.sqlite", (NOTES,))
        asyncio.run(database.write(add(text)))
        database.close()
    database = Database(tmp_path / "s.sqlite", (NOTES,))
    assert asyncio.run(database.read(texts)) == ["a", "b"]
    database.close()


def test_a_write_is_on_disk_when_it_returns(database):
    asyncio.run(database.write(add("a")))
    outside = sqlite3.connect(database.path)
    assert outside.execute("SELECT text FROM note").fetchall() == [("a",)]
    outside.close()


def test_one_that_fails_takes_nothing_of_the_others_along(database):
    async def write_together():
        return await asyncio.gather(
            *(database.write(add(text)) for text in ("a", None, "b", "a")), return_exceptions=True
        )

    first, second, third, fourth = asyncio.run(write_together())
    assert (first, third) == (1, 2)
    assert isinstance(second, sqlite3.IntegrityError) and isinstance(fourth, sqlite3.IntegrityError)
    assert asyncio.run(database.read(texts)) == ["a", "b"]


def test_what_a_failed_write_did_before_is_undone(database):
    def add_two(connection):
        add("a")(connection)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(database.write(add_two))
    assert asyncio.run(database.read(texts)) == []


def test_many_writes_share_commits(database):
    commits = []
    database.write_from_thread(lambda connection: connection.set_trace_callback(commits.append))

    async def write_together():
        await asyncio.gather(*(database.write(add(str(number))) for number in range(200)))

    asyncio.run(write_together())
    assert 1 <= sum(statement == "COMMIT" for statement in commits) < 100


def test_after_the_commit_it_is_told_in_order_even_if_nobody_waits(database):
    told = []

    async def write_and_go():
        hold = threading.Event()
        blocked = asyncio.create_task(database.write(lambda connection: hold.wait()))
        writes = [asyncio.create_task(database.write(add(str(number)), told.append)) for number in range(5)]
        await asyncio.sleep(0)
        for write in writes:
            write.cancel()
        hold.set()
        await blocked
        await database.write(add("last"), told.append)

    asyncio.run(write_and_go())
    assert told == [1, 2, 3, 4, 5, 6]


def test_reading_changes_nothing_and_sees_one_state(database):
    def look_twice(connection):
        before = texts(connection)
        database.write_from_thread(add("a"))
        return before, texts(connection)

    assert asyncio.run(database.read(look_twice)) == ([], [])
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        asyncio.run(database.read(add("b")))


def test_a_full_disk_is_a_sentence_and_the_next_write_works(database):
    def fill(connection):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    database.write_from_thread(fill)
    with pytest.raises(DatabaseError, match="full"):
        asyncio.run(database.write(add("x" * 100_000)))
    database.write_from_thread(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchone())
    asyncio.run(database.write(add("a")))
    assert asyncio.run(database.read(texts)) == ["a"]


def test_nothing_is_taken_after_the_end(database):
    database.close()
    database.close()
    with pytest.raises(DatabaseError, match="ending"):
        asyncio.run(database.write(add("a")))


def test_older_tables_are_brought_up_to_date(tmp_path):
    database = Database(tmp_path / "s.sqlite", (NOTES,))
    asyncio.run(database.write(add("a")))
    database.close()
    steps = (*NOTES.steps, "ALTER TABLE note ADD COLUMN author TEXT; UPDATE note SET author = 'nobody; really';")
    database = Database(tmp_path / "s.sqlite", (Schema("notes", steps),))
    row = asyncio.run(database.read(lambda connection: tuple(connection.execute("SELECT * FROM note").fetchone())))
    assert row == ("a", "nobody; really")
    database.close()


def test_a_step_that_fails_leaves_the_tables_as_they_were(tmp_path):
    Database(tmp_path / "s.sqlite", (NOTES,)).close()
    steps = (*NOTES.steps, "ALTER TABLE note ADD COLUMN author TEXT; INSERT INTO nowhere VALUES (1);")
    with pytest.raises(DatabaseError, match="nowhere"):
        Database(tmp_path / "s.sqlite", (Schema("notes", steps),))
    outside = sqlite3.connect(tmp_path / "s.sqlite")
    assert [row[1] for row in outside.execute("PRAGMA table_info(note)")] == ["text"]
    outside.close()


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    Database(tmp_path / "s.sqlite", (Schema("notes", (*NOTES.steps, "CREATE TABLE more (x);")),)).close()
    with pytest.raises(DatabaseError, match="newer version"):
        Database(tmp_path / "s.sqlite", (NOTES,))


def test_a_damaged_file_is_a_sentence(tmp_path):
    (tmp_path / "s.sqlite").write_text("no database, and long enough to be looked at as one " * 20)
    with pytest.raises(DatabaseError, match=r"s\.sqlite.*move it away"):
        Database(tmp_path / "s.sqlite", (NOTES,))
