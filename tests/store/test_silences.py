"""Silences over Ghost's restarts."""

from __future__ import annotations

from pathlib import Path

from ghostbot.core.incident import Hand, Person
from ghostbot.store.database import Database
from ghostbot.store.silences import Silences

NOW = 1_790_000_000.0
BOB = Person("U0BOB", "bob \U0001f642")


async def test_what_still_holds_is_known_to_the_next_ghost(tmp_path: Path) -> None:
    first = Database(tmp_path / "ghost.db")
    await Silences(first, lambda: NOW).put("web", Hand(BOB, NOW, NOW + 60))
    await Silences(first, lambda: NOW).put("web", Hand(BOB, NOW, NOW + 90))
    await Silences(first, lambda: NOW).put("all", Hand(BOB, NOW, NOW + 10))
    await first.close()
    second = Database(tmp_path / "ghost.db")
    assert await Silences(second, lambda: NOW + 20).all() == {"web": Hand(BOB, NOW, NOW + 90)}
    await Silences(second, lambda: NOW + 20).drop("web")
    assert await Silences(second, lambda: NOW + 20).all() == {}
    await second.close()


async def test_what_is_over_is_forgotten(tmp_path: Path) -> None:
    database = Database(tmp_path / "ghost.db")
    for n in range(50):
        later = NOW + n * 100
        await Silences(database, lambda later=later: later).put(  # type: ignore[misc]
            f"d{n}", Hand(BOB, later, later + 50)
        )
    rows = await database.run(lambda db: db.execute("SELECT count(*) FROM silences").fetchone())
    assert rows[0] == 1
    await database.close()
