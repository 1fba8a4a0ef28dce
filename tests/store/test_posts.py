"""Where each message is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghostbot.store import posts as table
from ghostbot.store.database import Database
from ghostbot.store.posts import Posts


async def test_a_post_is_remembered_replaced_and_forgotten(tmp_path: Path) -> None:
    database = Database(tmp_path / "ghost.db")
    posts = Posts(database)
    await posts.put("k", "C1", "1.1")
    await posts.put("k", "C2", "2.2")
    assert await posts.get("k") == ("C2", "2.2")
    await posts.forget("k")
    assert await posts.get("k") is None
    await database.close()


async def test_the_oldest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "KEPT", 10)
    database = Database(tmp_path / "ghost.db")
    clock = iter(range(1_000))
    posts = Posts(database, lambda: float(next(clock)))
    for number in range(101):
        await posts.put(f"k{number}", "C1", "1.1")
    assert await posts.get("k90") is None
    assert await posts.get("k91") == ("C1", "1.1")
    await database.close()
