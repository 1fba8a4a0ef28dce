"""The file that must not take Ghost down."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from ghostbot.store import database as database_module
from ghostbot.store.database import Database
from ghostbot.store.posts import Posts
from tests.fakes.disk import fill, small_disk


def asides(folder: Path) -> list[Path]:
    """Return the files that were kept aside."""
    return [path for path in folder.iterdir() if ".broken-" in path.name]


async def test_what_was_written_is_there_for_the_next_one(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(tmp_path / "ghost.db")
        posts = Posts(database)
        if await posts.get("k") is None:
            await posts.put("k", "C1", "1.1")
        await database.close()
    database = Database(tmp_path / "ghost.db")
    assert await Posts(database).get("k") == ("C1", "1.1")
    await database.close()


async def test_a_corrupt_file_is_kept_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "ghost.db"
    path.write_bytes(b"this is no database, whatever it is called" * 100)
    told: list[str | None] = []
    database = Database(path, told.append)
    await Posts(database).put("k", "C1", "1.1")
    await database.close()
    (aside,) = asides(tmp_path)
    assert aside.read_bytes().startswith(b"this is no database")
    assert aside.name in (told[0] or "")
    again = Database(path)
    assert await Posts(again).get("k") == ("C1", "1.1")
    await again.close()


async def test_a_half_overwritten_file_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "ghost.db"
    database = Database(path)
    posts = Posts(database)
    for number in range(500):
        await posts.put(f"k{number}", "C1", "1.1")
    await database.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    told: list[str | None] = []
    database = Database(path, told.append)
    await Posts(database).put("new", "C1", "2.2")
    assert await Posts(database).get("new") == ("C1", "2.2")
    await database.close()
    assert len(told) == 1
    assert asides(tmp_path)


async def test_a_file_that_cannot_be_written_leaves_ghost_in_memory(tmp_path: Path) -> None:
    told: list[str | None] = []
    (tmp_path / "taken").write_text("a file where a folder should be")
    database = Database(tmp_path / "taken" / "ghost.db", told.append)
    posts = Posts(database)
    await posts.put("k", "C1", "1.1")
    assert await posts.get("k") == ("C1", "1.1")
    await database.close()
    assert len(told) == 1
    assert "forgotten when Ghost ends" in (told[0] or "")


async def test_a_disk_that_fails_later_leaves_ghost_in_memory_with_what_was_there(
    tmp_path: Path,
) -> None:
    told: list[str | None] = []
    database = Database(tmp_path / "ghost.db", told.append)
    posts = Posts(database)
    await posts.put("old", "C1", "1.1")
    await database.run(lambda db: db.execute("PRAGMA query_only = ON"))
    await posts.put("new", "C1", "2.2")
    assert await posts.get("old") == ("C1", "1.1")
    assert await posts.get("new") == ("C1", "2.2")
    await database.close()
    assert len(told) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="mount(2)")
async def test_after_a_full_disk_the_file_has_what_was_written_in_memory(tmp_path: Path) -> None:
    told: list[str | None] = []
    with small_disk(tmp_path / "disk"):
        path = tmp_path / "disk" / "ghost.db"
        database = Database(path, told.append)
        posts = Posts(database)
        for key in ("old", "dropped"):
            await posts.put(key, "C1", "1.1")
        fill(tmp_path / "disk" / "hog")
        for number in range(200):
            await posts.put(f"k{number}", "C1", "2.2")
        await posts.forget("dropped")
        assert not await database.is_kept()
        database._again_at = 0
        assert not await database.is_kept()  # it is tried, and still full
        (tmp_path / "disk" / "hog").unlink()
        assert not await database.is_kept()  # it is not tried again so soon
        database._again_at = 0
        assert await database.is_kept()
        assert [line is None for line in told] == [False, True]
        await posts.put("after", "C1", "3.3")
        await database.close()
        database = Database(path)
        again = Posts(database)
        assert await again.get("old") == ("C1", "1.1")
        assert [await again.get(f"k{n}") for n in range(200)] == [("C1", "2.2")] * 200
        assert await again.get("after") == ("C1", "3.3")
        assert await again.get("dropped") is None
        await database.close()


@pytest.mark.skipif(sys.platform != "linux", reason="mount(2)")
async def test_a_file_that_is_whole_is_not_put_aside_on_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk"):
        path = tmp_path / "disk" / "ghost.db"
        await incident(database := Database(path))
        await database.close()
        fill(tmp_path / "disk" / "hog")
        database = Database(path)
        assert not await database.is_kept()
        assert await incidents(database) == [1]  # what it held can be read all the same
        assert await incident(database) > 1
        (tmp_path / "disk" / "hog").unlink()
        await database.close()  # the last chance
        assert not asides(tmp_path / "disk")
        database = Database(path)
        assert len(await incidents(database)) == 2
        await database.close()


async def incident(database: Database) -> int:
    """Put one in, and return its number."""
    add = "INSERT INTO incidents (daemon, is_over, changed_at, body) VALUES ('web', 1, 0, '{}')"
    return (await database.run(lambda db: db.execute(add).lastrowid)) or 0


async def incidents(database: Database) -> list[int]:
    rows = await database.run(lambda db: db.execute("SELECT id FROM incidents").fetchall())
    return [number for (number,) in rows]


async def test_what_the_file_holds_and_could_not_be_read_is_still_there_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ghost.db"
    await incident(database := Database(path))
    await database.close()
    away = tmp_path / "away"
    path.rename(away)
    path.write_bytes(b"")

    def refuse(*_: object, **__: object) -> sqlite3.Connection:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    monkeypatch.setattr(database_module, "_file", refuse)
    monkeypatch.setattr("ghostbot.store.memory._read_only", refuse)
    fresh = await incident(database := Database(path))
    monkeypatch.undo()
    away.rename(path)
    await database.close()
    database = Database(path)
    assert await incidents(database) == [1, fresh]
    assert fresh > 1
    await database.close()


async def test_a_file_that_was_removed_meanwhile_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "disk" / "ghost.db"
    path.parent.mkdir()
    told: list[str | None] = []
    posts = Posts(database := Database(path, told.append))
    await posts.put("old", "C1", "1.1")
    await database.run(lambda db: db.execute("PRAGMA query_only = ON"))
    await posts.put("new", "C1", "2.2")
    shutil.rmtree(path.parent)
    database._again_at = 0
    await posts.put("newer", "C1", "3.3")
    assert told[1:] == []  # the folder is gone
    path.parent.mkdir()
    await database.close()
    again = Posts(database := Database(path))
    for key in ("old", "new", "newer"):
        assert await again.get(key), key
    await database.close()


async def test_a_transaction_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    database = Database(tmp_path / "ghost.db")

    def half(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO posts VALUES ('k', 'C', '1', 0)")
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        await database.run(half)
    assert await Posts(database).get("k") is None
    await database.close()


async def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    database = Database(tmp_path / "ghost.db")
    await Posts(database).get("k")
    await database.close()
    await database.close()
