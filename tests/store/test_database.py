"""The file that must not take Ghost down."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ghostbot.store.database import Database
from ghostbot.store.posts import Posts


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
